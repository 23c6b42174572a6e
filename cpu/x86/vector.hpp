// 128-bit vectors as lanes, and kernels: what an instruction computes of vectors, as a function without effects. The
// helpers in vector_helpers.cpp find the operands, run a kernel and put what it yields; the tables of kernels are in
// packed_*.cpp and floating_*.cpp. A 256-bit instruction runs its kernel on each half.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <span>

#include "cpu/x86/row.hpp"
#include "cpu/x86/state.hpp"
#include "jit/ir/ir.hpp"

namespace orrery::x86 {

template <typename T> inline constexpr std::size_t lane_count = sizeof(Vector) / sizeof(T);
template <typename T> using Lanes = std::array<T, lane_count<T>>;
template <typename T> constexpr Lanes<T> lanes(const Vector& vector) { return std::bit_cast<Lanes<T>>(vector); }
template <typename T> constexpr Vector vector_of(const Lanes<T>& lanes) { return std::bit_cast<Vector>(lanes); }

// What a kernel computes from. `a` is the first source: of instructions with two operands, the destination's old value;
// `b` the last operand that isn't an immediate; `c` a third one. MMX registers lie in the low half.
struct KernelOperands {
    const Vector& a;
    const Vector& b;
    const Vector& c;
    u32 immediate = 0;
};
using Kernel = Vector (*)(const KernelOperands&);

struct KernelRow {
    Op op;
    Kernel kernel;
    Kernel mmx = nullptr; // where halves of a vector take part: the one for 64 bits
};

// Integers, what only moves bits, and what heeds no MXCSR. Each table has a file of its name.
std::span<const KernelRow> packed_arithmetic();
std::span<const KernelRow> packed_shuffles();
std::span<const KernelRow> packed_approximations();
std::span<const KernelRow> packed_strings();
std::span<const KernelRow> packed_cryptography();
// The same without the host's instructions.
std::span<const KernelRow> portable_cryptography();
// Run with the guest's MXCSR loaded.
std::span<const KernelRow> floating_arithmetic();
std::span<const KernelRow> floating_conversions();

enum class KernelKind : u8 { none, packed, floating };
struct FoundKernel {
    KernelKind kind = KernelKind::none;
    Kernel kernel = nullptr;
    Kernel mmx = nullptr;
};
const FoundKernel& kernel_of(Op op);

// Registers by one number, for the helpers.
namespace vector_place {
constexpr u8 xmm(u32 number) { return static_cast<u8>(number); }
constexpr u8 ymm_high(u32 number) { return static_cast<u8>(16 + number); }
constexpr u8 scratch(u32 number) { return static_cast<u8>(32 + number); }
constexpr u8 mmx(u32 number) { return static_cast<u8>(40 + number); }
constexpr bool is_mmx(u8 place) { return place >= 40 && place != 0xff; }
inline constexpr u8 none = 0xff; // of a destination: the caller takes the result's low half
} // namespace vector_place

// What helper::packed and helper::floating do, in their first argument; the immediate is their second.
struct VectorRequest {
    Op op{};
    u8 destination = 0; // vector_place
    u8 a = 0;
    u8 b = 0;
    u8 c = 0;
    bool vex = false;  // the destination's upper half is written: with zeros, or
    bool wide = false; // with what the kernel makes of the upper halves
    [[nodiscard]] constexpr u64 pack() const {
        return static_cast<u64>(op) | u64{destination} << 16 | u64{a} << 24 | u64{b} << 32 | u64{c} << 40 |
               u64{vex} << 48 | u64{wide} << 49;
    }
    static constexpr VectorRequest unpack(u64 packed) {
        const auto byte = [&](u32 at) { return static_cast<u8>(packed >> at); };
        return {.op = static_cast<Op>(packed & 0xffff),
                .destination = byte(16),
                .a = byte(24),
                .b = byte(32),
                .c = byte(40),
                .vex = (packed >> 48 & 1) != 0,
                .wide = (packed >> 49 & 1) != 0};
    }
};

// Of helper::packed and helper::floating: the host's instruction that does the same, where it is one of SSE2.
std::optional<ir::HostVector> host_vector(u64 request, u64 immediate);

// For kernels: each lane of the result from those of both operands.
template <typename T, auto function> Vector zip(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<T>(function(a[i], b[i]));
    return vector_of<T>(result);
}
// From those of the second.
template <typename T, auto function> Vector map(const KernelOperands& o) {
    const Lanes<T> b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<T>(function(b[i]));
    return vector_of<T>(result);
}

} // namespace orrery::x86
