// Arithmetic and comparison.
#include "cpu/float/extended.hpp"

#include <utility>

#include "cpu/float/extended_parts.hpp"

namespace orrery::softfloat::extended {
namespace {

Extended negate(Extended a) { return with_sign(!a.negative(), a); }

Extended sum(Parts a, Parts b, ExtendedContext& context) {
    if (a.exponent < b.exponent) std::swap(a, b);
    // Bit 126 leads, so that a carry has room.
    const u128 larger = u128{a.significand} << 63;
    const u128 smaller = shift_right_sticky(u128{b.significand} << 63, a.exponent - b.exponent);
    Unrounded result{a.sign, a.exponent + 1, larger + smaller};
    if (a.sign != b.sign) {
        if (larger == smaller) return with_sign(context.rounding == Rounding::down, zero);
        if (larger > smaller)
            result.significand = larger - smaller;
        else
            result = {b.sign, a.exponent + 1, smaller - larger};
    }
    return round_pack(normalise(result), context, context.precision);
}

// The rest of 64 bits that follow a quotient's or root's last digit, as far as rounding cares.
u64 rest_of(u128 rest, u128 unit) {
    if (rest == 0) return 0;
    constexpr u64 half = u64{1} << 63;
    const u128 twice = rest << 1;
    return twice < unit ? 1 : twice == unit ? half : half | 1;
}

Extended quotient(const Parts& a, const Parts& b, ExtendedContext& context) {
    const bool below = a.significand < b.significand;
    const u128 dividend = u128{a.significand} << (below ? 64 : 63);
    const u64 digits = static_cast<u64>(dividend / b.significand);
    const u128 rest = dividend % b.significand;
    const int exponent = a.exponent - b.exponent + Extended::bias - (below ? 1 : 0);
    return round_pack({a.sign != b.sign, exponent, u128{digits} << 64 | rest_of(rest, b.significand)}, context,
                      context.precision);
}

// SDM 2, FADD, table 3-28, and what is alike in FSUB.
Extended add_special(Extended a, Extended b, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) return *result;
    if (is_infinity(a) && is_infinity(b) && a.negative() != b.negative()) return invalid(context);
    note_denormals(a, b, context);
    if (is_infinity(a)) return a;
    if (is_infinity(b)) return b;
    if (is_zero(a) && is_zero(b))
        return a.negative() == b.negative() ? a : with_sign(context.rounding == Rounding::down, zero);
    if (is_zero(a) || is_zero(b)) {
        const Parts other = unpack(is_zero(a) ? b : a);
        return round_pack({other.sign, other.exponent, u128{other.significand} << 64}, context, context.precision);
    }
    return sum(unpack(a), unpack(b), context);
}

Extended multiply_special(Extended a, Extended b, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) return *result;
    const bool sign = a.negative() != b.negative();
    if ((is_infinity(a) && is_zero(b)) || (is_zero(a) && is_infinity(b))) return invalid(context);
    note_denormals(a, b, context);
    if (is_infinity(a) || is_infinity(b)) return with_sign(sign, infinity);
    return with_sign(sign, zero);
}

Extended divide_special(Extended a, Extended b, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) return *result;
    const bool sign = a.negative() != b.negative();
    if ((is_infinity(a) && is_infinity(b)) || (is_zero(a) && is_zero(b))) return invalid(context);
    if (is_zero(b) && !is_infinity(a)) {
        context.raise(x87_flag::divide_by_zero);
        return with_sign(sign, infinity);
    }
    note_denormals(a, b, context);
    return with_sign(sign, is_infinity(a) ? infinity : zero);
}

// Zimmermann's way: a root of the upper half by digits, and one division for the other 32 bits of root.
struct Root {
    u64 digits;
    u128 rest;
};
Root root_of(u128 value) { // of which bit 127 or 126 leads
    u64 upper_rest = static_cast<u64>(value >> 64);
    u64 upper_root = 0;
    for (u64 digit = u64{1} << 62; digit != 0; digit >>= 2) {
        const u64 trial = upper_root + digit;
        upper_root >>= 1;
        if (upper_rest < trial) continue;
        upper_rest -= trial;
        upper_root += digit;
    }
    const u64 low = static_cast<u64>(value);
    const u128 dividend = u128{upper_rest} << 32 | low >> 32;
    u64 lower = static_cast<u64>(dividend / (2 * upper_root));
    u128 rest = dividend % (2 * upper_root);
    if (lower >> 32 != 0) { // one too large: the digit is 2^32 - 1 at most
        rest += u128{2} * upper_root * (lower - 0xffff'ffff);
        lower = 0xffff'ffff;
    }
    u128 root = (u128{upper_root} << 32) + lower;
    rest = rest << 32 | (low & 0xffff'ffff);
    const u128 square = u128{lower} * lower;
    if (rest < square) {
        rest += 2 * root - 1;
        root -= 1;
    }
    return {static_cast<u64>(root), rest - square};
}

} // namespace

Extended add(Extended a, Extended b, ExtendedContext& context) {
    if (a.is_normal() && b.is_normal() && !context.denormal_operand) [[likely]]
        return sum(unpack(a), unpack(b), context);
    return add_special(a, b, context);
}

Extended sub(Extended a, Extended b, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) [[unlikely]]
        return *result;
    return add(a, negate(b), context);
}

Extended mul(Extended a, Extended b, ExtendedContext& context) {
    if (!a.is_normal() || !b.is_normal() || context.denormal_operand) {
        const bool ordinary = (a.is_normal() || is_denormal(a)) && (b.is_normal() || is_denormal(b));
        if (!ordinary) return multiply_special(a, b, context);
        note_denormals(a, b, context);
    }
    const Parts x = unpack(a);
    const Parts y = unpack(b);
    const u128 product = u128{x.significand} * y.significand;
    const int carry = static_cast<int>(product >> 127);
    return round_pack({x.sign != y.sign, x.exponent + y.exponent - Extended::bias + carry, product << (1 - carry)},
                      context, context.precision);
}

Extended div(Extended a, Extended b, ExtendedContext& context) {
    if (!a.is_normal() || !b.is_normal() || context.denormal_operand) {
        const bool ordinary = (a.is_normal() || is_denormal(a)) && (b.is_normal() || is_denormal(b));
        if (!ordinary) return divide_special(a, b, context);
        note_denormals(a, b, context);
    }
    return quotient(unpack(a), unpack(b), context);
}

Extended sqrt(Extended a, ExtendedContext& context) {
    if (const auto result = nan_result(a, a, context)) return *result;
    if (is_zero(a)) return a;
    if (a.negative()) return invalid(context);
    note_denormals(a, a, context);
    if (is_infinity(a)) return a;
    const Parts x = unpack(a);
    const int unbiased = x.exponent - Extended::bias;
    const bool odd = (unbiased & 1) != 0;
    const Root root = root_of(u128{x.significand} << (odd ? 64 : 63));
    // The root lies above digits + 1/2 where the rest is above digits: a tie can't be.
    const u64 rest = root.rest == 0 ? 0 : root.rest > root.digits ? u64{1} << 63 | 1 : 1;
    return round_pack({false, (unbiased - (odd ? 1 : 0)) / 2 + Extended::bias, u128{root.digits} << 64 | rest}, context,
                      context.precision);
}

Extended round_to_integral(Extended a, ExtendedContext& context) {
    if (const auto result = nan_result(a, a, context)) return *result;
    note_denormals(a, a, context);
    if (is_infinity(a) || is_zero(a)) return a;
    const Parts x = unpack(a);
    const int fraction_bits = Extended::bias + 63 - x.exponent;
    if (fraction_bits <= 0) return a;
    const u128 fixed = shift_right_sticky(u128{x.significand} << 64, fraction_bits);
    const u128 integer = round_off(fixed, 64, x.sign, context.rounding);
    if (static_cast<u64>(fixed) != 0)
        context.raise(x87_flag::inexact | (integer != fixed >> 64 ? x87_flag::rounded_up : 0));
    if (integer == 0) return with_sign(x.sign, zero);
    const Unrounded whole = normalise({x.sign, Extended::bias + 127, integer});
    return {static_cast<u64>(whole.significand >> 64),
            static_cast<u16>(whole.exponent | (x.sign ? Extended::sign_bit : 0))};
}

Relation compare(Extended a, Extended b, NanComparison comparison, ExtendedContext& context) {
    const u16 before = context.raised;
    if (nan_result(a, b, context)) {
        // Unsupported encodings are invalid in either kind of comparison.
        if (comparison == NanComparison::signaling) context.raise(x87_flag::invalid);
        return Relation::unordered;
    }
    context.raised = before;
    note_denormals(a, b, context);
    const auto key = [](Extended x) {
        if (is_zero(x)) return i128{0};
        const Parts parts = unpack(x);
        // Denormals have exponents down to -62.
        const i128 magnitude = static_cast<i128>(u128{static_cast<u32>(parts.exponent + 64)} << 64 | parts.significand);
        return parts.sign ? -magnitude : magnitude;
    };
    const i128 left = key(a);
    const i128 right = key(b);
    return left < right ? Relation::less : left == right ? Relation::equal : Relation::greater;
}

} // namespace orrery::softfloat::extended
