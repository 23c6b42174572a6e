// Random instructions, made from the rows of the decode table. gp is left alone: it points at a page of operands from
// which the instructions refresh their registers.
#pragma once

#include <string>
#include <vector>

#include "tests/support/random.hpp"

namespace orrery::test::differ {

struct Encoded {
    u32 bits = 0;
    u32 length_bytes = 4;
};

// Usually one instruction, sometimes a few that belong together (a load-reserved and its store-conditional, a store to
// the code just ahead).
std::vector<Encoded> random_instructions(Random& random);
// One that only computes: what self-modifying code stores.
u32 random_harmless_instruction(Random& random);

} // namespace orrery::test::differ
