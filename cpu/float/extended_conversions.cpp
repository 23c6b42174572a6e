// Conversions between the 80-bit format and narrower ones, integers and decimal digits.
#include <algorithm>

#include "cpu/float/extended_parts.hpp"

namespace orrery::softfloat::extended {
namespace {

template <typename F> typename F::Bits signed_bits(bool sign, u64 magnitude) {
    return static_cast<typename F::Bits>(magnitude | (sign ? u64{F::sign_bit} : 0));
}

template <typename F> typename F::Bits narrow_overflow(bool sign, ExtendedContext& context) {
    context.raise(x87_flag::overflow);
    if (!context.is_masked(x87_flag::overflow)) return 0;
    const Rounding rounding = context.rounding;
    const bool finite = rounding == Rounding::toward_zero || rounding == (sign ? Rounding::up : Rounding::down);
    context.raise(x87_flag::inexact | (finite ? 0 : x87_flag::rounded_up));
    return signed_bits<F>(sign, finite ? F::largest_finite : F::infinity);
}

template <typename F> typename F::Bits narrow_finite(const Parts& x, ExtendedContext& context) {
    constexpr int dropped = 128 - F::precision;
    const int exponent = x.exponent - Extended::bias + F::max_exponent;
    u128 significand = u128{x.significand} << 64;
    bool tiny = exponent <= 0;
    if (exponent == 0) tiny = round_off(significand, dropped, x.sign, context.rounding) >> F::precision == 0;
    if (tiny && !context.is_masked(x87_flag::underflow)) {
        context.raise(x87_flag::underflow);
        return 0;
    }
    if (exponent <= 0) significand = shift_right_sticky(significand, 1 - exponent);
    if (exponent > 2 * F::max_exponent) return narrow_overflow<F>(x.sign, context);
    const u64 kept = static_cast<u64>(round_off(significand, dropped, x.sign, context.rounding));
    // The leading bit adds 1 to the exponent's field.
    const u64 bits = (static_cast<u64>(std::max(exponent, 1) - 1) << F::fraction_bits) + kept;
    if (bits >= F::infinity) return narrow_overflow<F>(x.sign, context);
    if ((significand & ((u128{1} << dropped) - 1)) != 0) {
        const bool up = kept != static_cast<u64>(significand >> dropped);
        context.raise(x87_flag::inexact | (tiny ? x87_flag::underflow : 0) | (up ? x87_flag::rounded_up : 0));
    }
    return signed_bits<F>(x.sign, bits);
}

// The magnitude as an integer, if it fits in 64 bits.
std::optional<u64> integer_magnitude(Extended a, Rounding rounding, ExtendedContext& context) {
    const Parts x = unpack(a);
    if (x.significand == 0) return 0;
    const int fraction_bits = Extended::bias + 63 - x.exponent;
    if (fraction_bits < 0) return std::nullopt;
    const u128 fixed = shift_right_sticky(u128{x.significand} << 64, fraction_bits);
    const u128 integer = round_off(fixed, 64, x.sign, rounding);
    if (integer >> 64 != 0) return std::nullopt;
    if (static_cast<u64>(fixed) != 0)
        context.raise(x87_flag::inexact | (integer != fixed >> 64 ? x87_flag::rounded_up : 0));
    return static_cast<u64>(integer);
}

bool is_finite(Extended a) {
    return a.exponent() != Extended::largest_exponent && (a.exponent() == 0 || a.significand >> 63 != 0);
}

} // namespace

template <typename F> Extended widen(typename F::Bits a, ExtendedContext& context) {
    const u64 fraction = a & F::fraction_mask;
    const u64 field = u64{magnitude<F>(a)} >> F::fraction_bits;
    const u16 sign = is_negative<F>(a) ? Extended::sign_bit : 0;
    constexpr u64 special = 2 * u64{F::max_exponent} + 1;
    constexpr u64 leading = u64{1} << 63;
    if (field == 0) {
        if (fraction == 0) return {0, sign};
        context.denormal_operand = true;
        const int zeros = std::countl_zero(fraction);
        const int exponent = F::min_exponent - F::fraction_bits + 63 - zeros + Extended::bias;
        return {fraction << zeros, static_cast<u16>(sign | exponent)};
    }
    const u64 significand = leading | fraction << (63 - F::fraction_bits);
    if (field == special) return {significand, static_cast<u16>(sign | Extended::largest_exponent)};
    return {significand, static_cast<u16>(sign | (field - F::max_exponent + Extended::bias))};
}

template <typename F> typename F::Bits narrow(Extended a, ExtendedContext& context) {
    switch (classify(a)) {
    case ExtendedClass::unsupported:
        context.raise(x87_flag::invalid);
        return signed_bits<F>(true, F::canonical_nan);
    case ExtendedClass::signaling_nan:
        context.raise(x87_flag::invalid);
        [[fallthrough]];
    case ExtendedClass::quiet_nan:
        return signed_bits<F>(a.negative(), F::canonical_nan | (a.significand << 1 >> (64 - F::fraction_bits)));
    case ExtendedClass::infinity:
        return signed_bits<F>(a.negative(), F::infinity);
    case ExtendedClass::zero:
        return signed_bits<F>(a.negative(), 0);
    default:
        return narrow_finite<F>(unpack(a), context);
    }
}

Extended from_integer(i64 value) {
    if (value == 0) return zero;
    const u64 magnitude = value < 0 ? u64{0} - static_cast<u64>(value) : static_cast<u64>(value);
    const int zeros = std::countl_zero(magnitude);
    return with_sign(value < 0, {magnitude << zeros, static_cast<u16>(Extended::bias + 63 - zeros)});
}

i64 to_integer(Extended a, int bits, Rounding rounding, ExtendedContext& context) {
    const u64 lowest = u64{1} << (bits - 1);
    const u16 before = context.raised;
    const u64 limit = a.negative() ? lowest : lowest - 1;
    const auto magnitude = is_finite(a) ? integer_magnitude(a, rounding, context) : std::nullopt;
    if (!magnitude || *magnitude > limit) {
        context.raised = static_cast<u16>(before | x87_flag::invalid);
        return static_cast<i64>(u64{0} - lowest);
    }
    return static_cast<i64>(a.negative() ? u64{0} - *magnitude : *magnitude);
}

Extended from_decimal(Decimal digits) {
    u64 value = 0;
    for (int i = 1; i >= 0; --i) value = value * 10 + (digits.high >> (4 * i) & 15);
    for (int i = 15; i >= 0; --i) value = value * 10 + (digits.low >> (4 * i) & 15);
    const bool negative = (digits.high & 0x8000) != 0;
    return with_sign(negative, from_integer(static_cast<i64>(value)));
}

Decimal to_decimal(Extended a, ExtendedContext& context) {
    constexpr u64 largest = 999'999'999'999'999'999;
    const u16 before = context.raised;
    auto magnitude = is_finite(a) ? integer_magnitude(a, context.rounding, context) : std::nullopt;
    if (!magnitude || *magnitude > largest) {
        context.raised = static_cast<u16>(before | x87_flag::invalid);
        return indefinite_decimal;
    }
    u64 rest = *magnitude;
    Decimal digits{0, static_cast<u16>(a.negative() ? 0x8000 : 0)};
    for (u32 i = 0; i < 16; ++i, rest /= 10) digits.low |= rest % 10 << (4 * i);
    for (u32 i = 0; i < 2; ++i, rest /= 10) digits.high = static_cast<u16>(digits.high | rest % 10 << (4 * i));
    return digits;
}

template Extended widen<F32>(u32, ExtendedContext&);
template Extended widen<F64>(u64, ExtendedContext&);
template u32 narrow<F32>(Extended, ExtendedContext&);
template u64 narrow<F64>(Extended, ExtendedContext&);

} // namespace orrery::softfloat::extended
