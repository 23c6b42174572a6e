// The assembler's names of registers and CSRs, for debuggers and traces.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

// "zero", "ra", "sp" … of x0..x31 and "ft0" … of f0..f31; `number` below 32.
std::string_view register_name(u32 number);
std::string_view float_register_name(u32 number);

// "mstatus", "pmpaddr3" …; empty where the number has no name.
std::string csr_name(u32 number);

// The number of "mstatus", "pmpaddr3" … or nothing.
std::optional<u32> csr_number(std::string_view name);

} // namespace orrery::riscv
