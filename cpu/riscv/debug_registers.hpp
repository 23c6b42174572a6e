// gdb's numbers of RISC-V registers, and their descriptions.
#pragma once

#include <span>

#include "cpu/debug.hpp"

namespace orrery::riscv::gdb {

inline constexpr u32 first_x = 0, pc = 32, first_float = 33, first_csr = 65, privilege = first_csr + 4096;
constexpr bool is_csr(u32 number) { return number >= first_csr && number < privilege; }

// Of every register that any hart has, ascending.
std::span<const RegisterDescription> register_descriptions();

} // namespace orrery::riscv::gdb
