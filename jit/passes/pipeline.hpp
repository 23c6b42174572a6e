// The passes in the order in which every block goes through them before the baseline compiles it. The interpreter runs
// blocks as the frontend made them: it is what compiled code is compared with.
#pragma once

#include "jit/passes/dead_code.hpp"
#include "jit/passes/dead_puts.hpp"
#include "jit/passes/fold.hpp"

namespace orrery::passes {

inline void run(ir::Block& block) {
    fold(block);      // first: frees values and puts nothing new in
    dead_puts(block); // frees the values that were only put
    dead_code(block); // sweeps up behind both
}

} // namespace orrery::passes
