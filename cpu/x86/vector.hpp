// 128-bit vectors as lanes, and kernels: what an instruction computes of vectors, as a function without effects. The
// helpers in vector_helpers.cpp find the operands, run a kernel and put what it yields; the tables of kernels are in
// packed_*.cpp and floating_*.cpp. A 256-bit instruction runs its kernel on each half.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <span>

#include "cpu/x86/instruction.hpp"
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
// In the immediate: the question is whether a result is tiny, also if it is exact.
inline constexpr u32 shows_exact_underflow = u32{1} << 31;
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
std::span<const KernelRow> floating_halves();
std::span<const KernelRow> fused_arithmetic();
// The same without the host's instructions.
std::span<const KernelRow> portable_fused_arithmetic();

// `fused`: floating with three sources, the destination before the others.
enum class KernelKind : u8 { none, packed, floating, fused };
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
// Where bits 255:128 of what has its lower half there are.
constexpr u8 upper(u8 place) { return static_cast<u8>(place < 16 ? place + 16 : place + 2); }
inline constexpr u8 none = 0xff; // of a destination: the caller takes the result's low half
} // namespace vector_place

// How an instruction on 256 bits goes with its kernel, which computes 128.
enum class Shape : u8 {
    single,    // it has no more than 128 bits
    both,      // each half of the result from the same halves of the operands
    widening,  // each from a half of the last operand's lower half
    narrowing, // what both halves give is the lower half; the upper one is zero
};

// What helper::packed and helper::floating do, in their first argument; the immediate is their second.
struct VectorRequest {
    Op op{};
    u8 destination = 0; // vector_place
    u8 a = 0;
    u8 b = 0;
    u8 c = 0;
    Shape shape = Shape::single; // of helper::floating
    [[nodiscard]] constexpr u64 pack() const {
        return static_cast<u64>(op) | u64{destination} << 16 | u64{a} << 24 | u64{b} << 32 | u64{c} << 40 |
               static_cast<u64>(shape) << 48;
    }
    static constexpr VectorRequest unpack(u64 packed) {
        const auto byte = [&](u32 at) { return static_cast<u8>(packed >> at); };
        return {.op = static_cast<Op>(packed & 0xffff),
                .destination = byte(16),
                .a = byte(24),
                .b = byte(32),
                .c = byte(40),
                .shape = static_cast<Shape>(byte(48))};
    }
};

// What helper::gather does: VGATHERDPS and its kin. Registers by their numbers, sizes in bytes.
struct GatherRequest {
    u8 destination = 0;
    u8 index = 0;
    u8 mask = 0;
    u8 index_size = 4;
    u8 lane_size = 4;
    u8 scale = 0; // the index is shifted by it
    u8 count = 0; // of lanes
    u8 address_size = 8;
    Segment segment = Segment::ds;
    [[nodiscard]] constexpr u64 pack() const {
        return u64{destination} | u64{index} << 8 | u64{mask} << 16 | u64{index_size} << 24 | u64{lane_size} << 28 |
               u64{scale} << 32 | u64{count} << 36 | u64{address_size} << 40 | static_cast<u64>(segment) << 44;
    }
    static constexpr GatherRequest unpack(u64 packed) {
        const auto take = [&](u32 at, u64 mask) { return static_cast<u8>(packed >> at & mask); };
        return {.destination = take(0, 15),
                .index = take(8, 15),
                .mask = take(16, 15),
                .index_size = take(24, 15),
                .lane_size = take(28, 15),
                .scale = take(32, 3),
                .count = take(36, 15),
                .address_size = take(40, 15),
                .segment = static_cast<Segment>(take(44, 7))};
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
