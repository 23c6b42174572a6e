// What works on the exponent: remainders, scaling, taking a number apart.
#include <algorithm>

#include "cpu/float/extended_parts.hpp"

namespace orrery::softfloat::extended {
namespace {

using Outcome = Remainder::Outcome;

// significand * 2^(exponent - bias - 63), exactly.
Extended exact(bool sign, int exponent, u64 significand, ExtendedContext& context) {
    if (significand == 0) return with_sign(sign, zero);
    return round_pack(normalise({sign, exponent, u128{significand} << 64}), context, 64);
}

Remainder finite_remainder(const Parts& a, const Parts& b, bool nearest, ExtendedContext& context) {
    const int apart = a.exponent - b.exponent;
    if (apart >= 64) {
        // Each step takes 32 to 63 bits off, so that what is left is a multiple of 32.
        const int bits = (apart & 31) | 32;
        const u64 rest = static_cast<u64>((u128{a.significand} << bits) % b.significand);
        return {exact(a.sign, a.exponent - bits, rest, context), 0, Outcome::begun};
    }
    if (apart < -1 || (apart < 0 && !nearest)) return {exact(a.sign, a.exponent, a.significand, context)};
    if (apart < 0) { // a quotient of less than one, which rounds to 0 or 1
        if (a.significand <= b.significand) return {exact(a.sign, a.exponent, a.significand, context)};
        const u64 rest = static_cast<u64>((u128{b.significand} << 1) - a.significand);
        return {exact(!a.sign, a.exponent, rest, context), 1};
    }
    const u128 dividend = u128{a.significand} << apart;
    u64 quotient = static_cast<u64>(dividend / b.significand);
    u64 rest = static_cast<u64>(dividend % b.significand);
    bool sign = a.sign;
    const u64 other = b.significand - rest;
    if (nearest && (rest > other || (rest == other && (quotient & 1) != 0))) {
        rest = other;
        sign = !sign;
        ++quotient;
    }
    return {rest == 0 ? with_sign(a.sign, zero) : exact(sign, b.exponent, rest, context),
            static_cast<u32>(quotient & 7)};
}

} // namespace

Remainder remainder(Extended a, Extended b, bool nearest, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) return {*result, 0, Outcome::impossible};
    if (is_infinity(a) || is_zero(b)) return {invalid(context), 0, Outcome::impossible};
    note_denormals(a, b, context);
    if (is_zero(a) || (is_infinity(b) && !is_denormal(a))) return {a};
    if (is_infinity(b)) {
        const Parts x = unpack(a);
        return {exact(x.sign, x.exponent, x.significand, context)};
    }
    return finite_remainder(unpack(a), unpack(b), nearest, context);
}

Extended scale(Extended a, Extended b, ExtendedContext& context) {
    if (const auto result = nan_result(a, b, context)) return *result;
    if (is_infinity(b)) {
        if (b.negative() ? is_infinity(a) : is_zero(a)) return invalid(context);
        note_denormals(a, b, context);
        return with_sign(a.negative(), b.negative() ? zero : infinity);
    }
    note_denormals(a, b, context);
    if (is_infinity(a) || is_zero(a)) return a;
    // More than this is out of every range.
    constexpr i64 most = 0x1'0000;
    ExtendedContext ignored = context;
    const bool huge = b.exponent() > Extended::bias + 16;
    const i64 whole = huge ? most : to_integer(with_sign(false, b), 64, Rounding::toward_zero, ignored);
    const int by = static_cast<int>(std::min(whole, most));
    const Parts x = unpack(a);
    return round_pack({x.sign, x.exponent + (b.negative() ? -by : by), u128{x.significand} << 64}, context, 64);
}

std::pair<Extended, Extended> extract(Extended a, ExtendedContext& context) {
    if (const auto result = nan_result(a, a, context)) return {*result, *result};
    if (is_infinity(a)) return {infinity, a};
    if (is_zero(a)) {
        context.raise(x87_flag::divide_by_zero);
        return {with_sign(true, infinity), a};
    }
    note_denormals(a, a, context);
    const Parts x = unpack(a);
    return {from_integer(x.exponent - Extended::bias), with_sign(x.sign, {x.significand, Extended::bias})};
}

} // namespace orrery::softfloat::extended
