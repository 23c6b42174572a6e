// The host's registers, operand sizes and conditions, numbered as the instruction encoding numbers them (SDM 2A 3.1.1).
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::x64 {

enum class Gpr : u8 { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

enum class Xmm : u8 {
    xmm0,
    xmm1,
    xmm2,
    xmm3,
    xmm4,
    xmm5,
    xmm6,
    xmm7,
    xmm8,
    xmm9,
    xmm10,
    xmm11,
    xmm12,
    xmm13,
    xmm14,
    xmm15
};

// The size of an integer operand. A dword result clears the upper half of its register; smaller ones keep the rest.
enum class Size : u8 { byte, word, dword, qword };

// The element type of a scalar floating point operation.
enum class Float : u8 { f32, f64 };

// SDM 1, appendix B. The lowest bit negates.
enum class Condition : u8 { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };

constexpr u32 number(Gpr reg) { return static_cast<u32>(reg); }
constexpr u32 number(Xmm reg) { return static_cast<u32>(reg); }
constexpr u32 number(Condition condition) { return static_cast<u32>(condition); }

constexpr Condition invert(Condition condition) { return static_cast<Condition>(number(condition) ^ 1); }

constexpr u32 bytes(Size size) { return u32{1} << static_cast<u32>(size); }

} // namespace orrery::x64
