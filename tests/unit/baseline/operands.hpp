// All operands that the encoder tests go through, each with its text as LLVM writes it.
#pragma once

#include "jit/baseline/assembler.hpp"

#include <string>
#include <vector>

namespace orrery::test {

using x64::Gpr;
using x64::Mem;
using x64::Size;
using x64::Xmm;

inline constexpr Size all_sizes[] = {Size::byte, Size::word, Size::dword, Size::qword};
inline constexpr Size sizes_from_word[] = {Size::word, Size::dword, Size::qword};
inline constexpr Size sizes_from_dword[] = {Size::dword, Size::qword};
inline constexpr Gpr all_gprs[] = {Gpr::rax, Gpr::rcx, Gpr::rdx, Gpr::rbx, Gpr::rsp, Gpr::rbp, Gpr::rsi, Gpr::rdi,
                                   Gpr::r8,  Gpr::r9,  Gpr::r10, Gpr::r11, Gpr::r12, Gpr::r13, Gpr::r14, Gpr::r15};
// One of each kind that the encoding knows: the accumulator, byte register with and without REX, the exceptions, the
// upper eight.
inline constexpr Gpr some_gprs[] = {Gpr::rax, Gpr::rbx, Gpr::rsp, Gpr::rbp, Gpr::rdi, Gpr::r8, Gpr::r12, Gpr::r13};
inline constexpr Xmm all_xmms[] = {Xmm::xmm0,  Xmm::xmm1,  Xmm::xmm2,  Xmm::xmm3, Xmm::xmm4,  Xmm::xmm5,
                                   Xmm::xmm6,  Xmm::xmm7,  Xmm::xmm8,  Xmm::xmm9, Xmm::xmm10, Xmm::xmm11,
                                   Xmm::xmm12, Xmm::xmm13, Xmm::xmm14, Xmm::xmm15};
inline constexpr Xmm some_xmms[] = {Xmm::xmm0, Xmm::xmm5, Xmm::xmm8, Xmm::xmm15};

struct Address {
    Mem operand;
    std::string text;
};

std::string name(Gpr reg, Size size);
std::string name(Xmm reg);
inline std::string name(Gpr reg) { return name(reg, Size::qword); }

// "dword ptr [rax]"
std::string pointer(Size size, const Address& address);
std::string vector_pointer(const Address& address);
std::string name(const Address& address, Size size);

// Every base, index, scale and displacement length; and a few that take each path once.
const std::vector<Address>& all_addresses();
const std::vector<Address>& some_addresses();

// The edges of 8, 16 and 32 bits.
inline constexpr i32 edge_values[] = {0,      1,       -1,     127,        -128,        128,        -129,           255,
                                      0x7fff, -0x8000, 0x8000, 0x12345678, -0x12345678, 0x7fffffff, -0x7fffffff - 1};

// As LLVM writes an immediate that always has its operand's size (qword: 4 bytes), and one that takes a single byte if
// it can.
std::string full_immediate(Size size, i32 value);
std::string short_immediate(Size size, i32 value);

} // namespace orrery::test
