// Approximate reciprocals and reciprocal square roots (SDM 2, RCPPS, RSQRTPS). Processors differ in the last bits of
// what they give; here it is the exact value rounded to 12 bits, on every host. MXCSR has no say.
#include <bit>
#include <cmath>

#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

constexpr u32 sign_bit = 0x8000'0000;
constexpr u32 infinity = 0x7f80'0000;
constexpr u32 quiet_bit = 0x0040'0000;
constexpr u32 smallest_normal = 0x0080'0000;
constexpr u32 default_nan = 0xffc0'0000;

// Of a positive number, to 11 bits behind the point. A carry into the exponent is right.
u32 rounded(double value) {
    constexpr u32 dropped_bits = 12;
    const u32 bits = std::bit_cast<u32>(static_cast<float>(value));
    if (bits < smallest_normal) return 0;
    return (bits + (u32{1} << (dropped_bits - 1))) & ~((u32{1} << dropped_bits) - 1);
}

constexpr auto reciprocal = [](u32 value) -> u32 {
    const u32 sign = value & sign_bit;
    const u32 magnitude = value & ~sign_bit;
    if (magnitude > infinity) return value | quiet_bit;
    if (magnitude < smallest_normal) return sign | infinity;
    if (magnitude == infinity) return sign;
    return sign | rounded(1.0 / static_cast<double>(std::bit_cast<float>(magnitude)));
};

constexpr auto reciprocal_root = [](u32 value) -> u32 {
    const u32 magnitude = value & ~sign_bit;
    if (magnitude > infinity) return value | quiet_bit;
    if (magnitude < smallest_normal) return (value & sign_bit) | infinity;
    if (magnitude != value) return default_nan;
    if (magnitude == infinity) return 0;
    return rounded(1.0 / std::sqrt(static_cast<double>(std::bit_cast<float>(magnitude))));
};

template <auto function> Vector in_first_lane(const KernelOperands& o) {
    Lanes<u32> result = lanes<u32>(o.a);
    result[0] = function(lanes<u32>(o.b)[0]);
    return vector_of<u32>(result);
}

constexpr auto table = std::to_array<KernelRow>({
    {Op::rcpps, map<u32, reciprocal>},
    {Op::rcpss, in_first_lane<reciprocal>},
    {Op::rsqrtps, map<u32, reciprocal_root>},
    {Op::rsqrtss, in_first_lane<reciprocal_root>},
});

} // namespace

std::span<const KernelRow> packed_approximations() { return table; }

} // namespace orrery::x86
