// Blocks of random IR: any operation on any earlier values, so that many values live at once.
#pragma once

#include "jit/ir/ir.hpp"

namespace orrery::test {

struct RandomBlockOptions {
    u32 instructions = 40;
    bool memory = true;
    bool calls = true;
};
ir::Block random_block(u64 seed, const RandomBlockOptions& options);

} // namespace orrery::test
