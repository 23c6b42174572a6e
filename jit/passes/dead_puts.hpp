// Drops puts to a guest register that a later put overwrites before anyone can see it. Guest state is exact at every
// memory operation and call, behind a guest instruction that stores, and at the block's end; only puts between two of
// those are considered.
#pragma once

#include "jit/ir/ir.hpp"

namespace orrery::passes {

// A dropped put becomes a constant that no one uses; dead_code removes it.
void dead_puts(ir::Block& block);

} // namespace orrery::passes
