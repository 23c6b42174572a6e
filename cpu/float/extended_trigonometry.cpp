#include <algorithm>
#include <array>

#include "cpu/float/extended_functions.hpp"
#include "cpu/float/wide.hpp"

namespace orrery::softfloat::extended {
namespace {

// ---- sine, cosine, tangent

// An angle of at most pi/4, and how many right angles were taken off.
struct Reduced {
    Wide rest;
    u32 quadrant = 0;
};

// Exact. The processor's pi is 66 bits long: as an integer, in units of 2^-64; a right angle has the same bits in units
// of 2^-65.
Reduced reduce(const Wide& angle) {
    constexpr u128 right_angle = join(3, 0x243f'6a88'85a3'08d3);
    constexpr int unit_exponent = -65;
    if (angle.exponent < -2) return {angle, 0};
    const u128 units = angle.significand >> 64 << (angle.exponent - 63 - unit_exponent);
    u32 quadrant = static_cast<u32>(units / right_angle);
    u128 rest = units % right_angle;
    bool sign = false;
    if (rest > right_angle / 2) {
        rest = right_angle - rest;
        sign = true;
        ++quadrant;
    }
    if (angle.sign) quadrant = 0 - quadrant;
    return {from_bits(sign != angle.sign, rest, unit_exponent), quadrant & 3};
}

// 1 - z/(f(f+1)) * (1 - z/((f+2)(f+3)) * …): of sine with f = 2, of cosine with f = 1. Less than 1 by at least `least`,
// however small z is, for rounding must notice.
u128 alternating_series(u128 z, u32 first, u128 least) {
    constexpr u32 terms = 16;
    u128 sum = unit;
    for (u32 i = terms; i-- > 0;) {
        const u32 f = first + 2 * i;
        sum = unit - std::max(multiply_high(sum, multiply_high(z, reciprocal(f * (f + 1)))), i == 0 ? least : 0);
    }
    return sum;
}

Wide sine_of(const Wide& rest) {
    const u128 z = fraction_of(multiply(rest, rest));
    return multiply(rest, from_unit(alternating_series(z, 2, 1)));
}
Wide cosine_of(const Wide& rest, u128 least = 1) {
    const u128 z = fraction_of(multiply(rest, rest));
    return from_unit(alternating_series(z, 1, least));
}

Wide sine_of(const Reduced& angle) {
    Wide result = (angle.quadrant & 1) != 0 ? cosine_of(angle.rest) : sine_of(angle.rest);
    if ((angle.quadrant & 2) != 0) result.sign = !result.sign;
    return result;
}
Wide cosine_of(const Reduced& angle) { return sine_of({angle.rest, (angle.quadrant + 1) & 3}); }

// The result where no angle is: NaN and infinity.
std::optional<Extended> no_angle(Extended a, ExtendedContext& context) {
    if (const auto result = nan_result(a, a, context)) return result;
    if (is_infinity(a)) return invalid(context);
    note_denormals(a, a, context);
    return std::nullopt;
}

// ---- arctangent

// Of k/8.
constexpr std::array<Wide, 9> arctangents{{
    {false, 0, 0},
    {false, -4, join(0xfead'd4d5'617b'6e32, 0xc897'989f'3e88'8ef7)},
    {false, -3, join(0xfadb'afc9'6406'eb15, 0x6dc7'9ef5'f7a2'17e5)},
    {false, -2, join(0xb7b0'ca0f'26f7'8473, 0x8aa3'2122'dcfe'4483)},
    {false, -2, join(0xed63'382b'0dda'7b45, 0x6fe4'45ec'bc3a'8d03)},
    {false, -1, join(0x8f00'5d5e'f7f5'9f9b, 0x5c83'5e16'65c4'3747)},
    {false, -1, join(0xa4bc'7d19'34f7'0924, 0x19a8'7f2a'457d'ac9e)},
    {false, -1, join(0xb805'3e2b'c231'9e73, 0xcb2d'a552'10a4'443d)},
    {false, -1, join(0xc90f'daa2'2168'c234, 0xc4c6'628b'80dc'1cd1)},
}};

// u * (1 - u^2/3 + u^4/5 - …) for |u| up to 1/15.
Wide small_arctangent(const Wide& u) {
    const u128 z = fraction_of(multiply(u, u));
    constexpr u32 terms = 18;
    u128 sum = 0;
    for (u32 i = terms; i-- > 1;) sum = (reciprocal(2 * i + 1) >> 1) - multiply_high(z, sum);
    return multiply(u, from_unit(unit - std::max(multiply_high(z, sum), u128{1})));
}

// Of a/b with 0 < a <= b, from the nearest k/8: atan(k/8) + atan((8a - kb) / (8b + ka)).
Wide arctangent_of_ratio(const Wide& a, const Wide& b) {
    const int apart = b.exponent - a.exponent;
    u32 nearest = 0;
    if (apart <= 5) {
        const u64 divisor = static_cast<u64>(b.significand >> 96) << apart;
        nearest = static_cast<u32>(((a.significand >> 96) * 16 / divisor + 1) / 2);
    }
    if (nearest == 0) return small_arctangent(divide(a, b));
    // Both have 64 bits and exponents that are at most 5 apart, so this is exact.
    const i128 x = static_cast<i128>(a.significand >> 64);
    const i128 y = static_cast<i128>(b.significand >> 64 << apart);
    const i128 above = 8 * x - nearest * y;
    const Wide numerator = from_bits(above < 0, static_cast<u128>(above < 0 ? -above : above), 0);
    const Wide denominator = from_bits(false, static_cast<u128>(8 * y + nearest * x), 0);
    return add(arctangents[nearest], small_arctangent(divide(numerator, denominator)));
}

Wide quarters_of_pi(int count) {
    return from_bits(false, static_cast<u128>(count) * (wide::pi.significand >> 2), wide::pi.exponent - 127);
}

// SDM 2, FPATAN, table 3-30: points on the axes and at infinity.
std::optional<Wide> special_angle(Extended y, Extended x) {
    if (is_infinity(y)) return quarters_of_pi(!is_infinity(x) ? 2 : x.negative() ? 3 : 1);
    if (is_infinity(x) || is_zero(y)) return x.negative() ? wide::pi : Wide{};
    if (is_zero(x)) return wide::half_pi;
    return std::nullopt;
}

} // namespace

bool is_reducible(Extended a) {
    return a.exponent() < Extended::bias + 63 || a.exponent() == Extended::largest_exponent || a.significand >> 63 == 0;
}

Extended sine(Extended a, ExtendedContext& context) {
    if (const auto result = no_angle(a, context)) return *result;
    if (is_zero(a)) return a;
    return round_inexact(sine_of(reduce(widen(a))), context);
}

Extended cosine(Extended a, ExtendedContext& context) {
    if (const auto result = no_angle(a, context)) return *result;
    if (is_zero(a)) return one;
    return round_inexact(cosine_of(reduce(widen(a))), context);
}

std::pair<Extended, Extended> sine_and_cosine(Extended a, ExtendedContext& context) {
    if (const auto result = no_angle(a, context)) return {*result, *result};
    if (is_zero(a)) return {a, one};
    const Reduced angle = reduce(widen(a));
    const Extended first = round_inexact(sine_of(angle), context);
    return {first, round_inexact(cosine_of(angle), context)};
}

Extended tangent(Extended a, ExtendedContext& context) {
    if (const auto result = no_angle(a, context)) return *result;
    if (is_zero(a)) return a;
    const Reduced angle = reduce(widen(a));
    // Of a small angle it is larger than the angle.
    const Wide sine = sine_of(angle.rest);
    const Wide cosine = cosine_of(angle.rest, 2);
    const bool odd = (angle.quadrant & 1) != 0;
    return round_inexact(odd ? negate(divide(cosine, sine)) : divide(sine, cosine), context);
}

Extended arctangent(Extended y, Extended x, ExtendedContext& context) {
    if (const auto result = nan_result(y, x, context)) return *result;
    note_denormals(y, x, context);
    Wide angle;
    if (const auto special = special_angle(y, x)) {
        if (special->is_zero()) return with_sign(y.negative(), zero);
        angle = *special;
    } else {
        const Wide a = widen(with_sign(false, y));
        const Wide b = widen(with_sign(false, x));
        const bool steep = a.exponent != b.exponent ? a.exponent > b.exponent : a.significand > b.significand;
        angle = steep ? subtract(wide::half_pi, arctangent_of_ratio(b, a)) : arctangent_of_ratio(a, b);
        if (x.negative()) angle = subtract(wide::pi, angle);
    }
    angle.sign = y.negative();
    return round_inexact(angle, context);
}

} // namespace orrery::softfloat::extended
