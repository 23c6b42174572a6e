// Numbers with 128 bits of significand, in which the functions of the 80-bit format are evaluated: more than enough
// that one rounding at the end is right. Integers only, so the same on every host. Results are cut off, not rounded.
#pragma once

#include "cpu/float/extended_parts.hpp"

namespace orrery::softfloat::extended {

// (-1)^sign * significand * 2^(exponent - 127). The leading bit is set, or all are clear: zero.
struct Wide {
    bool sign = false;
    int exponent = 0;
    u128 significand = 0;
    [[nodiscard]] constexpr bool is_zero() const { return significand == 0; }
};

constexpr u128 join(u64 high, u64 low) { return u128{high} << 64 | low; }

// The upper half of the product.
constexpr u128 multiply_high(u128 a, u128 b) {
    const u64 a1 = static_cast<u64>(a >> 64), a0 = static_cast<u64>(a);
    const u64 b1 = static_cast<u64>(b >> 64), b0 = static_cast<u64>(b);
    const u128 low = u128{a0} * b0;
    const u128 cross = u128{a1} * b0 + (low >> 64);
    const u128 other = u128{a0} * b1 + static_cast<u64>(cross);
    return u128{a1} * b1 + (cross >> 64) + (other >> 64);
}

Wide widen(Extended finite);
// The value of an integer times 2^exponent.
Wide from_bits(bool sign, u128 integer, int exponent);
Wide multiply(const Wide& a, const Wide& b);
Wide divide(const Wide& a, const Wide& b); // b is not zero
Wide add(const Wide& a, const Wide& b);
constexpr Wide negate(Wide a) {
    a.sign = !a.sign;
    return a;
}
inline Wide subtract(const Wide& a, const Wide& b) { return add(a, negate(b)); }

// A magnitude below 1 in units of 2^-128.
u128 fraction_of(const Wide& a);
// A magnitude below 2 in units of 2^-127: what series that begin with 1 are summed up in.
inline constexpr u128 unit = u128{1} << 127;
inline Wide from_unit(u128 sum) { return from_bits(false, sum, -127); }
// 1 / n in units of 2^-128.
constexpr u128 reciprocal(u32 n) { return ~u128{0} / n; }

// Rounded to the 80-bit format as a value that isn't exact.
Extended round_inexact(const Wide& value, ExtendedContext& context);

namespace wide {
inline constexpr Wide one{false, 0, u128{1} << 127};
inline constexpr Wide pi{false, 1, join(0xc90f'daa2'2168'c234, 0xc4c6'628b'80dc'1cd1)};
inline constexpr Wide half_pi{false, 0, pi.significand};
inline constexpr Wide ln_2{false, -1, join(0xb172'17f7'd1cf'79ab, 0xc9e3'b398'03f2'f6af)};
inline constexpr Wide two_by_ln_2{false, 1, join(0xb8aa'3b29'5c17'f0bb, 0xbe87'fed0'691d'3e88)};
} // namespace wide

} // namespace orrery::softfloat::extended
