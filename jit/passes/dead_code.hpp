// Removes what has no effect and yields a value that no one uses. Loads stay: they may fault, or reach a device.
#pragma once

#include <vector>

#include "jit/ir/ir.hpp"

namespace orrery::passes {

// `origins`, unless null, becomes the earlier place of each instruction that stays.
void dead_code(ir::Block& block, std::vector<ir::Value>* origins = nullptr);

} // namespace orrery::passes
