// Whether a block keeps the rules of the IR that back ends rely on. Builds with sanitizers check every translated
// block.
#pragma once

#include "jit/ir/ir.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::ir {

// The error names the first broken instruction and the rule.
Status verify(const Block& block, const GuestDescription& guest);

} // namespace orrery::ir
