#include "cpu/float/softfloat.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "cpu/float/significand.hpp"

namespace orrery::softfloat {
namespace {

// A finite number: (-1)^sign * significand * 2^(exponent - 126). Bit 0 may be sticky, standing for any non-zero rest.
// "Normalised" means that bit 126 leads, so that `exponent` is the number's own and a sum of two still fits.
struct Exact {
    bool sign = false;
    int exponent = 0;
    u128 significand = 0;
};
constexpr int leading_bit = 126;

Exact normalise(Exact x) {
    if (x.significand == 0) return x;
    const int shift = count_leading_zeros(x.significand) - 1;
    x.significand = shift < 0 ? shift_right_sticky(x.significand, 1) : x.significand << shift;
    x.exponent -= shift;
    return x;
}

template <typename F> Exact unpack(typename F::Bits a) {
    const u64 fraction = a & F::fraction_mask;
    const int biased = static_cast<int>(magnitude<F>(a) >> F::fraction_bits);
    const u64 significand = biased == 0 ? fraction : fraction | u64{1} << F::fraction_bits;
    return normalise({is_negative<F>(a), std::max(biased, 1) - F::max_exponent,
                      static_cast<u128>(significand) << (leading_bit - F::fraction_bits)});
}

template <typename F> typename F::Bits with_sign(bool sign, typename F::Bits bits) {
    return sign ? negate<F>(bits) : bits;
}

// IEEE 754-2019 7.4: to infinity unless the mode rounds this sign toward zero.
template <typename F> typename F::Bits overflowed(bool sign, Rounding rounding, Flags& flags) {
    raise(flags, flag::overflow | flag::inexact);
    const bool finite = rounding == Rounding::toward_zero || rounding == (sign ? Rounding::up : Rounding::down);
    return with_sign<F>(sign, finite ? F::largest_finite : F::infinity);
}

template <typename F> typename F::Bits round_pack(const Exact& exact, Mode mode, Flags& flags) {
    if (exact.significand == 0) return with_sign<F>(exact.sign, 0);
    const int zeros = count_leading_zeros(exact.significand);
    const int exponent = exact.exponent + 1 - zeros;
    u128 significand = exact.significand << zeros; // bit 127 leads
    constexpr int dropped = 128 - F::precision;

    bool tiny = exponent < F::min_exponent;
    if (tiny) {
        if (mode.tininess == Tininess::after_rounding && exponent == F::min_exponent - 1)
            tiny = round_off(significand, dropped, exact.sign, mode.rounding) >> F::precision == 0;
        significand = shift_right_sticky(significand, F::min_exponent - exponent);
    }
    if (exponent > F::max_exponent) return overflowed<F>(exact.sign, mode.rounding, flags);

    // The kept bits include the leading one, which adds 1 to the exponent field; so does a carry out of rounding.
    const u64 kept = static_cast<u64>(round_off(significand, dropped, exact.sign, mode.rounding));
    const u64 field = static_cast<u64>(std::max(exponent, F::min_exponent) - F::min_exponent);
    const u64 bits = (field << F::fraction_bits) + kept;
    if (bits >= F::infinity) return overflowed<F>(exact.sign, mode.rounding, flags);
    if ((significand & ((u128{1} << dropped) - 1)) != 0)
        raise(flags, tiny ? flag::inexact | flag::underflow : flag::inexact);
    return with_sign<F>(exact.sign, static_cast<typename F::Bits>(bits));
}

template <typename F> typename F::Bits invalid_result(Flags& flags) {
    raise(flags, flag::invalid);
    return F::canonical_nan;
}

// The result of an operation with a NaN among its operands. This and convert() decide on NaN payloads: a guest that
// propagates them gets its rule there, by a further member of Mode.
template <typename F, typename... Operands> typename F::Bits nan_result(Flags& flags, Operands... operands) {
    if ((is_signaling_nan<F>(operands) || ...)) raise(flags, flag::invalid);
    return F::canonical_nan;
}

// The sum of two normalised numbers. An exact zero from opposite signs is +0, and -0 when rounding down (6.3).
Exact sum(Exact a, Exact b, Rounding rounding) {
    if (a.significand == 0 && b.significand == 0 && a.sign == b.sign) return a;
    if (a.significand == 0 && b.significand != 0) return b;
    if (b.significand == 0 && a.significand != 0) return a;
    if (a.exponent < b.exponent) std::swap(a, b);
    b.significand = shift_right_sticky(b.significand, a.exponent - b.exponent);
    if (a.sign == b.sign) return {a.sign, a.exponent, a.significand + b.significand};
    if (a.significand == b.significand) return {rounding == Rounding::down, 0, 0};
    if (a.significand < b.significand) return {b.sign, a.exponent, b.significand - a.significand};
    return {a.sign, a.exponent, a.significand - b.significand};
}

// Exact: no format has more than 64 significant bits.
Exact product(const Exact& a, const Exact& b) {
    const u128 significand = (a.significand >> 63) * (b.significand >> 63);
    return normalise({a.sign != b.sign, a.exponent + b.exponent, significand});
}

// 62 or more quotient bits and a sticky one. The divisor must not be zero.
Exact quotient(const Exact& a, const Exact& b) {
    const u128 divisor = b.significand >> 63;
    const u128 bits = a.significand / divisor;
    const bool rest = a.significand % divisor != 0;
    return {a.sign != b.sign, a.exponent - b.exponent, bits << 63 | rest};
}

// 64 root bits and a sticky one, digit by digit.
Exact square_root(const Exact& a) {
    const bool odd = (a.exponent & 1) != 0;
    u128 rest = odd ? a.significand << 1 : a.significand;
    u128 root = 0;
    for (u128 digit = u128{1} << 126; digit != 0; digit >>= 2) {
        const u128 trial = root + digit;
        root >>= 1;
        if (rest < trial) continue;
        rest -= trial;
        root += digit;
    }
    return {false, (a.exponent - odd) / 2, root << 63 | (rest != 0)};
}

// A magnitude below 2^64, with 60 fraction bits of which the last is sticky.
constexpr int fixed_fraction_bits = 60;
u128 to_fixed(const Exact& a) {
    return shift_right_sticky(a.significand, leading_bit - fixed_fraction_bits - a.exponent);
}
bool has_fraction(u128 fixed) { return (fixed & ((u128{1} << fixed_fraction_bits) - 1)) != 0; }

} // namespace

template <typename F> auto Soft<F>::add(Bits a, Bits b, Mode mode, Flags& flags) -> Bits {
    if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
    if (is_infinity<F>(a)) return b == negate<F>(a) ? invalid_result<F>(flags) : a;
    if (is_infinity<F>(b)) return b;
    return round_pack<F>(sum(unpack<F>(a), unpack<F>(b), mode.rounding), mode, flags);
}

template <typename F> auto Soft<F>::sub(Bits a, Bits b, Mode mode, Flags& flags) -> Bits {
    if (is_nan<F>(b)) return nan_result<F>(flags, a, b);
    return add(a, negate<F>(b), mode, flags);
}

template <typename F> auto Soft<F>::mul(Bits a, Bits b, Mode mode, Flags& flags) -> Bits {
    if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
    if (is_infinity<F>(a) || is_infinity<F>(b)) {
        if (is_zero<F>(a) || is_zero<F>(b)) return invalid_result<F>(flags);
        return with_sign<F>(is_negative<F>(a) != is_negative<F>(b), F::infinity);
    }
    return round_pack<F>(product(unpack<F>(a), unpack<F>(b)), mode, flags);
}

template <typename F> auto Soft<F>::div(Bits a, Bits b, Mode mode, Flags& flags) -> Bits {
    if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
    const bool sign = is_negative<F>(a) != is_negative<F>(b);
    if (is_infinity<F>(a)) return is_infinity<F>(b) ? invalid_result<F>(flags) : with_sign<F>(sign, F::infinity);
    if (is_infinity<F>(b)) return with_sign<F>(sign, 0);
    if (is_zero<F>(b)) {
        if (is_zero<F>(a)) return invalid_result<F>(flags);
        raise(flags, flag::divide_by_zero);
        return with_sign<F>(sign, F::infinity);
    }
    return round_pack<F>(quotient(unpack<F>(a), unpack<F>(b)), mode, flags);
}

template <typename F> auto Soft<F>::sqrt(Bits a, Mode mode, Flags& flags) -> Bits {
    if (is_nan<F>(a)) return nan_result<F>(flags, a);
    if (is_zero<F>(a)) return a;
    if (is_negative<F>(a)) return invalid_result<F>(flags);
    if (is_infinity<F>(a)) return a;
    return round_pack<F>(square_root(unpack<F>(a)), mode, flags);
}

template <typename F> auto Soft<F>::multiply_add(Bits a, Bits b, Bits c, Mode mode, Flags& flags) -> Bits {
    if ((is_infinity<F>(a) && is_zero<F>(b)) || (is_zero<F>(a) && is_infinity<F>(b))) return invalid_result<F>(flags);
    if (is_nan<F>(a) || is_nan<F>(b) || is_nan<F>(c)) return nan_result<F>(flags, a, b, c);
    if (is_infinity<F>(a) || is_infinity<F>(b)) {
        const Bits infinite = with_sign<F>(is_negative<F>(a) != is_negative<F>(b), F::infinity);
        return c == negate<F>(infinite) ? invalid_result<F>(flags) : infinite;
    }
    if (is_infinity<F>(c)) return c;
    const Exact exact = sum(product(unpack<F>(a), unpack<F>(b)), unpack<F>(c), mode.rounding);
    return round_pack<F>(exact, mode, flags);
}

template <typename F>
auto Soft<F>::round_to_integral(Bits a, Rounding rounding, bool raises_inexact, Flags& flags) -> Bits {
    if (is_nan<F>(a)) return nan_result<F>(flags, a);
    const Exact exact = is_infinity<F>(a) ? Exact{} : unpack<F>(a);
    if (is_infinity<F>(a) || is_zero<F>(a) || exact.exponent >= F::fraction_bits) return a;
    const u128 fixed = to_fixed(exact);
    if (raises_inexact && has_fraction(fixed)) raise(flags, flag::inexact);
    const u128 integer = round_off(fixed, fixed_fraction_bits, exact.sign, rounding);
    return round_pack<F>({exact.sign, leading_bit, integer}, rounding, flags); // exact: no flag can arise here
}

template <typename F> template <typename Int> Int Soft<F>::to_integer(Bits a, Rounding rounding, Flags& flags) {
    using Limits = std::numeric_limits<Int>;
    const bool negative = is_negative<F>(a) && !is_nan<F>(a);
    const u128 limit = negative ? u128{0} - static_cast<u128>(Limits::min()) : static_cast<u128>(Limits::max());
    if (!is_nan<F>(a) && !is_infinity<F>(a)) {
        const Exact exact = unpack<F>(a);
        const u128 fixed = exact.exponent > 64 ? ~u128{0} : to_fixed(exact);
        const u128 integer = round_off(fixed, fixed_fraction_bits, negative, rounding);
        if (integer <= limit) {
            if (has_fraction(fixed)) raise(flags, flag::inexact);
            return static_cast<Int>(negative ? u128{0} - integer : integer);
        }
    }
    raise(flags, flag::invalid);
    return negative ? Limits::min() : Limits::max();
}

template <typename F>
template <typename Int>
auto Soft<F>::from_integer(Int value, Rounding rounding, Flags& flags) -> Bits {
    const bool negative = value < 0;
    const u128 wide = static_cast<u128>(value);
    return round_pack<F>({negative, leading_bit, negative ? u128{0} - wide : wide}, rounding, flags);
}

template <typename F>
template <typename To>
auto Soft<F>::convert(Bits a, Mode mode, Flags& flags) -> typename To::Bits {
    if (is_signaling_nan<F>(a)) raise(flags, flag::invalid);
    if (is_nan<F>(a)) return To::canonical_nan;
    if (is_infinity<F>(a)) return with_sign<To>(is_negative<F>(a), To::infinity);
    return round_pack<To>(unpack<F>(a), mode, flags);
}

template struct Soft<F32>;
template struct Soft<F64>;

template i32 Soft<F32>::to_integer(u32, Rounding, Flags&);
template u32 Soft<F32>::to_integer(u32, Rounding, Flags&);
template i64 Soft<F32>::to_integer(u32, Rounding, Flags&);
template u64 Soft<F32>::to_integer(u32, Rounding, Flags&);
template i32 Soft<F64>::to_integer(u64, Rounding, Flags&);
template u32 Soft<F64>::to_integer(u64, Rounding, Flags&);
template i64 Soft<F64>::to_integer(u64, Rounding, Flags&);
template u64 Soft<F64>::to_integer(u64, Rounding, Flags&);

template u32 Soft<F32>::from_integer(i32, Rounding, Flags&);
template u32 Soft<F32>::from_integer(u32, Rounding, Flags&);
template u32 Soft<F32>::from_integer(i64, Rounding, Flags&);
template u32 Soft<F32>::from_integer(u64, Rounding, Flags&);
template u64 Soft<F64>::from_integer(i32, Rounding, Flags&);
template u64 Soft<F64>::from_integer(u32, Rounding, Flags&);
template u64 Soft<F64>::from_integer(i64, Rounding, Flags&);
template u64 Soft<F64>::from_integer(u64, Rounding, Flags&);

template u32 Soft<F16>::convert<F32>(u16, Mode, Flags&);
template u64 Soft<F16>::convert<F64>(u16, Mode, Flags&);
template u16 Soft<F32>::convert<F16>(u32, Mode, Flags&);
template u64 Soft<F32>::convert<F64>(u32, Mode, Flags&);
template u16 Soft<F64>::convert<F16>(u64, Mode, Flags&);
template u32 Soft<F64>::convert<F32>(u64, Mode, Flags&);

} // namespace orrery::softfloat
