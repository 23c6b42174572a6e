// Byte strings to decode: every opcode with every prefix and kind of ModRM, and random ones that are often
// instructions.
#pragma once

#include <array>
#include <functional>
#include <span>

#include "cpu/x86/instruction.hpp"
#include "tests/support/random.hpp"

namespace orrery::tests {

using CaseBytes = std::array<u8, 24>;

CaseBytes random_case(test::Random& random);

// Calls `visit` for every opcode of every map, alone and with the prefixes that choose among instructions.
void for_each_structured_case(x86::CodeSize code_size, const std::function<void(std::span<const u8>)>& visit);

} // namespace orrery::tests
