// Removes what has no effect and yields a value that no one uses. Loads stay: they may fault, or reach a device.
#pragma once

#include "jit/ir/ir.hpp"

namespace orrery::passes {

void dead_code(ir::Block& block);

} // namespace orrery::passes
