#include "cpu/float/extended_parts.hpp"

#include <algorithm>

namespace orrery::softfloat {

ExtendedClass classify(Extended a) {
    const bool leads = a.significand >> 63 != 0;
    const int exponent = a.exponent();
    if (exponent == 0) return a.significand == 0 ? ExtendedClass::zero : ExtendedClass::denormal;
    if (!leads) return ExtendedClass::unsupported;
    if (exponent != Extended::largest_exponent) return ExtendedClass::normal;
    if (a.significand << 1 == 0) return ExtendedClass::infinity;
    return (a.significand >> 62 & 1) != 0 ? ExtendedClass::quiet_nan : ExtendedClass::signaling_nan;
}

ExtendedContext::ExtendedContext(u16 control_word) : masked(control_word & x87_flag::exceptions) {
    constexpr Rounding by_rounding_control[4] = {Rounding::nearest_even, Rounding::down, Rounding::up,
                                                 Rounding::toward_zero};
    constexpr int by_precision_control[4] = {24, 64, 53, 64}; // 1 is reserved
    rounding = by_rounding_control[control_word >> 10 & 3];
    precision = by_precision_control[control_word >> 8 & 3];
}

namespace extended {

Parts unpack(Extended a) {
    const int zeros = a.significand == 0 ? 0 : std::countl_zero(a.significand);
    return {a.negative(), std::max(a.exponent(), 1) - zeros, a.significand << zeros};
}

Unrounded normalise(Unrounded x) {
    const int zeros = count_leading_zeros(x.significand);
    return {x.sign, x.exponent - zeros, x.significand << zeros};
}

namespace {

// What an unmasked overflow takes from the exponent and an unmasked underflow adds to it (SDM 1, 4.9.1.5).
constexpr int exponent_adjustment = 0x6000;
constexpr int largest_finite_exponent = Extended::largest_exponent - 1;

Extended pack(bool sign, int exponent, u64 significand) {
    return {significand, static_cast<u16>(exponent | (sign ? Extended::sign_bit : 0))};
}

// SDM 1, table 4-10: infinity, unless the mode rounds this sign toward zero.
Extended overflowed(bool sign, ExtendedContext& context, int precision) {
    const Rounding rounding = context.rounding;
    const bool finite = rounding == Rounding::toward_zero || rounding == (sign ? Rounding::up : Rounding::down);
    context.raise(x87_flag::overflow | x87_flag::inexact | (finite ? 0 : x87_flag::rounded_up));
    return finite ? pack(sign, largest_finite_exponent, ~u64{0} << (64 - precision)) : with_sign(sign, infinity);
}

// Only scaling gets there (SDM 1, 8.5.4 and 8.5.5).
Extended beyond_adjustment(bool sign, Extended result, ExtendedContext& context) {
    context.raise(x87_flag::inexact | (is_infinity(result) ? x87_flag::rounded_up : 0));
    return with_sign(sign, result);
}

} // namespace

Extended round_pack(const Unrounded& exact, ExtendedContext& context, int precision) {
    const int dropped = 128 - precision;
    int exponent = exact.exponent;
    u128 significand = exact.significand;
    bool tiny = exponent <= 0;
    // Tiny is what would be so with any exponent.
    if (exponent == 0) tiny = round_off(significand, dropped, exact.sign, context.rounding) >> precision == 0;
    if (tiny && !context.is_masked(x87_flag::underflow)) {
        context.raise(x87_flag::underflow);
        exponent += exponent_adjustment;
        tiny = false;
        if (exponent <= 0) return beyond_adjustment(exact.sign, zero, context);
    }
    if (exponent <= 0) {
        significand = shift_right_sticky(significand, 1 - exponent);
        exponent = 0;
    }
    u128 kept = round_off(significand, dropped, exact.sign, context.rounding);
    if (exponent == 0) {
        exponent = static_cast<int>(kept >> (precision - 1)); // rounded up to the smallest normal number
    } else if (kept >> precision != 0) {
        kept >>= 1;
        ++exponent;
    }
    if (exponent > largest_finite_exponent) {
        if (context.is_masked(x87_flag::overflow)) return overflowed(exact.sign, context, precision);
        context.raise(x87_flag::overflow);
        exponent -= exponent_adjustment;
        if (exponent > largest_finite_exponent) return beyond_adjustment(exact.sign, infinity, context);
    }
    if ((significand & ((u128{1} << dropped) - 1)) != 0) {
        const bool up = round_off(significand, dropped, exact.sign, context.rounding) != significand >> dropped;
        context.raise(x87_flag::inexact | (tiny ? x87_flag::underflow : 0) | (up ? x87_flag::rounded_up : 0));
    }
    return pack(exact.sign, exponent, static_cast<u64>(kept) << (64 - precision));
}

std::optional<Extended> nan_result(Extended a, Extended b, ExtendedContext& context) {
    if (a.is_normal() && b.is_normal()) return std::nullopt;
    const ExtendedClass first = classify(a);
    const ExtendedClass second = classify(b);
    if (first == ExtendedClass::unsupported || second == ExtendedClass::unsupported) return invalid(context);
    const auto is_nan = [](ExtendedClass c) {
        return c == ExtendedClass::quiet_nan || c == ExtendedClass::signaling_nan;
    };
    if (!is_nan(first) && !is_nan(second)) return std::nullopt;
    const bool first_signals = first == ExtendedClass::signaling_nan;
    const bool second_signals = second == ExtendedClass::signaling_nan;
    if (first_signals || second_signals) context.raise(x87_flag::invalid);
    constexpr u64 quiet = u64{1} << 62;
    const Extended quiet_a{a.significand | quiet, a.sign_exponent};
    const Extended quiet_b{b.significand | quiet, b.sign_exponent};
    if (!is_nan(second)) return quiet_a;
    if (!is_nan(first)) return quiet_b;
    // A quiet one wins against one that signals, else the larger significand, else the positive one.
    if (first_signals != second_signals) return first_signals ? quiet_b : quiet_a;
    if (quiet_a.significand != quiet_b.significand)
        return quiet_a.significand > quiet_b.significand ? quiet_a : quiet_b;
    return a.negative() ? quiet_b : quiet_a;
}

void note_denormals(Extended a, Extended b, ExtendedContext& context) {
    if (context.denormal_operand || is_denormal(a) || is_denormal(b)) context.raise(x87_flag::denormal);
}

} // namespace extended
} // namespace orrery::softfloat
