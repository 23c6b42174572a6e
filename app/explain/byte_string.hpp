// Instruction bytes as users write them.
#pragma once

#include <string_view>
#include <vector>

#include "app/explain/disassembler.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

// "13050500 8280": hexadecimal in the order of memory, of RISC-V whole instructions. Blanks, commas and 0x before a
// group are left out.
Result<std::vector<u8>> parse_byte_string(std::string_view text, Assembly assembly = Assembly::riscv64);

} // namespace orrery::app
