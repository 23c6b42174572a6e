#include "cpu/float/extended_functions.hpp"
#include "cpu/float/wide.hpp"

namespace orrery::softfloat::extended {
namespace {

// (e^t - 1) / t = 1 + t/2 * (1 + t/3 * (…)) for |t| below ln 2.
Wide exponential_factor(const Wide& t) {
    const u128 fraction = fraction_of(t);
    constexpr u32 terms = 32;
    u128 sum = unit;
    for (u32 n = terms; n > 1; --n) {
        const u128 next = multiply_high(sum, multiply_high(fraction, reciprocal(n)));
        sum = t.sign ? unit - next : unit + next;
    }
    return from_unit(sum);
}

// log2((1 + s) / (1 - s)) = 2/ln 2 * s * (1 + s^2/3 + s^4/5 + …) for |s| up to 0.172.
Wide logarithm_of_ratio(const Wide& s) {
    const u128 z = fraction_of(multiply(s, s));
    constexpr u32 terms = 26;
    u128 sum = 0;
    for (u32 i = terms; i-- > 0;) sum = (reciprocal(2 * i + 1) >> 1) + multiply_high(z, sum);
    return multiply(multiply(s, from_unit(sum)), wide::two_by_ln_2);
}

Wide from_integer_exponent(int exponent) {
    return from_bits(exponent < 0, static_cast<u128>(exponent < 0 ? -exponent : exponent), 0);
}

constexpr u128 root_of_two = join(0xb504'f333'f9de'6484, 0x597d'89b3'754a'be9f);

// log2 of a positive number.
Wide logarithm_of(const Wide& x) {
    const bool upper = x.significand > root_of_two;
    const Wide fraction{false, upper ? -1 : 0, x.significand};
    const Wide s = divide(subtract(fraction, wide::one), add(fraction, wide::one));
    return add(from_integer_exponent(x.exponent + (upper ? 1 : 0)), logarithm_of_ratio(s));
}

// log2 of 1 + x, x above -1.
Wide logarithm_of_one_more(const Wide& x) {
    const Wide sum = add(wide::one, x);
    const bool near_one =
        (sum.exponent == 0 && sum.significand <= root_of_two) || (sum.exponent == -1 && sum.significand > root_of_two);
    if (!near_one) return logarithm_of(sum);
    return logarithm_of_ratio(divide(x, add(sum, wide::one)));
}

// Where a factor is zero or infinite; the logarithm is that of a number above 0 and below infinity.
Extended special_product(Extended y, bool logarithm_negative, bool logarithm_zero, ExtendedContext& context) {
    if (is_infinity(y) && logarithm_zero) return invalid(context);
    return with_sign(y.negative() != logarithm_negative, is_infinity(y) ? infinity : zero);
}

// y times a logarithm of plus or minus infinity.
Extended infinite_product(Extended y, bool negative, ExtendedContext& context) {
    if (is_zero(y)) return invalid(context);
    return with_sign(y.negative() != negative, infinity);
}

bool below_one(Extended positive) { return positive.exponent() < Extended::bias; }

bool is_power_of_two(const Wide& x) { return x.significand << 1 == 0; }

Extended product(Extended y, const Wide& logarithm, bool exact, ExtendedContext& context) {
    const Wide result = multiply(widen(y), logarithm);
    if (!exact) return round_inexact(result, context);
    const Extended rounded =
        round_pack({result.sign, result.exponent + Extended::bias, result.significand}, context, 64);
    context.raise(x87_flag::inexact | (is_denormal(rounded) ? x87_flag::underflow : 0));
    return rounded;
}

} // namespace

Extended power_of_two_less_one(Extended a, ExtendedContext& context) {
    if (const auto result = nan_result(a, a, context)) return *result;
    if (is_infinity(a)) return a.negative() ? with_sign(true, one) : a;
    note_denormals(a, a, context);
    if (is_zero(a)) return a;
    if (a.exponent() >= Extended::bias) {
        context.raise(x87_flag::inexact);
        constexpr u16 half_exponent = Extended::bias - 1;
        return a == with_sign(true, one) ? with_sign(true, {one.significand, half_exponent}) : a;
    }
    const Wide t = multiply(widen(a), wide::ln_2);
    return round_inexact(multiply(t, exponential_factor(t)), context);
}

// SDM 2, FYL2X, table 3-47.
Extended logarithm(Extended y, Extended x, ExtendedContext& context) {
    if (const auto result = nan_result(y, x, context)) return *result;
    if (is_zero(x)) {
        if (is_zero(y)) return invalid(context);
        if (!is_infinity(y)) context.raise(x87_flag::divide_by_zero);
        return infinite_product(y, true, context);
    }
    if (x.negative()) return invalid(context);
    if (is_infinity(x) && is_zero(y)) return invalid(context);
    const Wide value = is_infinity(x) ? Wide{} : widen(x);
    const bool is_one = value.exponent == 0 && is_power_of_two(value) && !value.is_zero();
    if (is_infinity(y) && is_one) return invalid(context);
    note_denormals(y, x, context);
    if (is_infinity(x)) return infinite_product(y, false, context);
    if (is_infinity(y) || is_zero(y) || is_one) return special_product(y, below_one(x), false, context);
    return product(y, logarithm_of(value), is_power_of_two(value), context);
}

// SDM 2, FYL2XP1, table 3-48. Beyond the range for which it is meant, as far as there is a logarithm.
Extended logarithm_plus_one(Extended y, Extended x, ExtendedContext& context) {
    if (const auto result = nan_result(y, x, context)) return *result;
    if (x.negative() && x.exponent() >= Extended::bias) return invalid(context);
    if (is_infinity(x) && is_zero(y)) return invalid(context);
    if (is_infinity(y) && is_zero(x)) return invalid(context);
    note_denormals(y, x, context);
    if (is_infinity(x)) return infinite_product(y, false, context);
    if (is_infinity(y) || is_zero(y) || is_zero(x)) return special_product(y, x.negative(), false, context);
    return product(y, logarithm_of_one_more(widen(x)), false, context);
}

} // namespace orrery::softfloat::extended
