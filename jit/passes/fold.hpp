// Computes what is known at translation time and what identities give, also where a value became known only by an
// earlier rewriting; folds comparisons into the branch. Never makes a value live longer than its neighbours need it:
// `(x + 1) + 2` stays, for its first sum is usually in a guest register anyway.
#pragma once

#include "jit/ir/ir.hpp"

namespace orrery::passes {

void fold(ir::Block& block);

} // namespace orrery::passes
