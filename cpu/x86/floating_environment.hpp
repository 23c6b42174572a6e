// The guest's floating point on the host's SSE unit, whose rules are the guest's own (SDM 1, 10.2.3, 11.5): kernels run
// with the guest's MXCSR but all exceptions masked, and what they have raised is looked at behind them. Everywhere else
// the host's MXCSR has its default. Kernels execute SSE instructions by asm volatile, so that nothing is moved, merged
// or commuted: of two NaNs it is the first operand's that remains.
#pragma once

#include <bit>

#include "cpu/x86/vector.hpp"

namespace orrery::x86 {

// SDM 1, 10.2.3
namespace mxcsr {
inline constexpr u32 invalid = 1 << 0;
inline constexpr u32 denormal = 1 << 1;
inline constexpr u32 divide_by_zero = 1 << 2;
inline constexpr u32 overflow = 1 << 3;
inline constexpr u32 underflow = 1 << 4;
inline constexpr u32 precision = 1 << 5;
inline constexpr u32 flags = 0x3f;
inline constexpr u32 denormals_are_zeros = 1 << 6;
inline constexpr u32 masks = 0x1f80; // of the flags, seven places higher
inline constexpr u32 mask_shift = 7;
inline constexpr u32 rounding = 3 << 13;
inline constexpr u32 rounding_shift = 13;
inline constexpr u32 flush_to_zero = 1 << 15;
inline constexpr u32 host_default = 0x1f80;
inline constexpr u32 known = 0xffff; // MXCSR_MASK: what may be set
} // namespace mxcsr

inline u32 read_mxcsr() {
    u32 value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}
inline void write_mxcsr(u32 value) { asm volatile("ldmxcsr %0" : : "m"(value)); }

// Within a kernel: a flag that no instruction has raised.
inline void raise_flag(u32 flag) { write_mxcsr(read_mxcsr() | flag); }

// A host register.
using HostVector = float __attribute__((vector_size(16)));

// Defines a function on two Vectors that executes `instruction second, first`, and yields the first.
#define ORRERY_HOST_INSTRUCTION(name, instruction)                                                                     \
    inline Vector name(const Vector& first, const Vector& second) {                                                    \
        auto result = std::bit_cast<HostVector>(first);                                                                \
        asm volatile(instruction " %1, %0" : "+x"(result) : "x"(std::bit_cast<HostVector>(second)));                   \
        return std::bit_cast<Vector>(result);                                                                          \
    }

} // namespace orrery::x86
