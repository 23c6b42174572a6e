#include "cpu/float/wide.hpp"

#include <utility>

namespace orrery::softfloat::extended {

Wide widen(Extended finite) {
    const Parts x = unpack(finite);
    if (x.significand == 0) return {finite.negative(), 0, 0};
    return {x.sign, x.exponent - Extended::bias, u128{x.significand} << 64};
}

Wide from_bits(bool sign, u128 integer, int exponent) {
    if (integer == 0) return {sign, 0, 0};
    const int zeros = count_leading_zeros(integer);
    return {sign, exponent + 127 - zeros, integer << zeros};
}

Wide multiply(const Wide& a, const Wide& b) {
    const bool sign = a.sign != b.sign;
    if (a.is_zero() || b.is_zero()) return {sign, 0, 0};
    return from_bits(sign, multiply_high(a.significand, b.significand), a.exponent + b.exponent - 126);
}

Wide divide(const Wide& a, const Wide& b) {
    const bool sign = a.sign != b.sign;
    if (a.is_zero()) return {sign, 0, 0};
    u128 quotient = 0;
    u128 rest = a.significand;
    const bool below = rest < b.significand;
    if (!below) rest -= b.significand; // the first digit is 1
    for (int digit = below ? 0 : 1; digit < 128; ++digit) {
        const bool carry = rest >> 127 != 0;
        rest <<= 1;
        const bool fits = carry || rest >= b.significand;
        if (fits) rest -= b.significand;
        quotient = quotient << 1 | (fits ? 1 : 0);
    }
    if (!below) quotient |= u128{1} << 127;
    return {sign, a.exponent - b.exponent - (below ? 1 : 0), quotient};
}

Wide add(const Wide& a, const Wide& b) {
    if (a.is_zero()) return b;
    if (b.is_zero()) return a;
    const bool swapped = a.exponent < b.exponent;
    const Wide& larger = swapped ? b : a;
    const Wide& smaller = swapped ? a : b;
    const u128 x = larger.significand;
    const u128 y = shift_right_sticky(smaller.significand, larger.exponent - smaller.exponent);
    if (larger.sign == smaller.sign) {
        const u128 sum = x + y;
        if (sum >= x) return {larger.sign, larger.exponent, sum};
        return {larger.sign, larger.exponent + 1, (sum >> 1) | (sum & 1) | u128{1} << 127};
    }
    return x >= y ? from_bits(larger.sign, x - y, larger.exponent - 127)
                  : from_bits(smaller.sign, y - x, larger.exponent - 127);
}

u128 fraction_of(const Wide& a) {
    const int shift = -1 - a.exponent;
    return a.is_zero() || shift >= 128 ? 0 : a.significand >> shift;
}

Extended round_inexact(const Wide& value, ExtendedContext& context) {
    return round_pack({value.sign, value.exponent + Extended::bias, value.significand | 1}, context, 64);
}

} // namespace orrery::softfloat::extended
