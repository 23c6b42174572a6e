// Words for what a diagnosis speaks of: exceptions, modes, and the instructions that are refused.
#pragma once

#include <string>
#include <string_view>

#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/names.hpp"

namespace orrery::riscv {

inline constexpr u32 satp_number = 0x180;

std::string_view exception_name(u64 code);
std::string_view mode_name(Privilege privilege);
// Whether an exception's value is the address that it is about.
bool has_address(u64 code);

// II 2.1: SYSTEM with funct3 other than 0 and 4.
bool is_csr_access(u32 instruction);
u32 csr_of(u32 instruction);
// csrrs and csrrc with x0 (or 0) only read.
bool writes_csr(u32 instruction);
bool is_address_fence(u32 instruction); // sfence.vma

// Of an instruction that is no CSR access.
std::string illegal_instruction_words(u32 instruction, const State& state);

} // namespace orrery::riscv
