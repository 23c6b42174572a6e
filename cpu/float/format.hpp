// IEEE 754 binary formats as raw bits, the rounding modes and exception flags, and what can be answered from the bits
// alone: predicates, comparison, minimum and maximum, class. Both implementations (softfloat.hpp, host_float.hpp) use
// it.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::softfloat {

// The values are those of RISC-V's `frm` and `rm` fields.
enum class Rounding : u8 { nearest_even = 0, toward_zero = 1, down = 2, up = 3, nearest_away = 4 };

// Exception flags, sticky: every operation ORs into its `Flags&` and clears nothing. The bits are those of RISC-V's
// `fflags`.
using Flags = u8;
namespace flag {
inline constexpr Flags inexact = 1;
inline constexpr Flags underflow = 2;
inline constexpr Flags overflow = 4;
inline constexpr Flags divide_by_zero = 8;
inline constexpr Flags invalid = 16;
} // namespace flag

constexpr void raise(Flags& flags, Flags raised) { flags = static_cast<Flags>(flags | raised); }

template <typename BitsType, int fraction> struct Format {
    using Bits = BitsType;
    static constexpr int fraction_bits = fraction;
    static constexpr int precision = fraction + 1;
    static constexpr int width_bits = static_cast<int>(sizeof(Bits)) * 8;
    static constexpr int max_exponent = (1 << (width_bits - fraction - 2)) - 1; // also the bias
    static constexpr int min_exponent = 1 - max_exponent;
    static constexpr Bits sign_bit = static_cast<Bits>(Bits{1} << (width_bits - 1));
    static constexpr Bits fraction_mask = static_cast<Bits>((Bits{1} << fraction) - 1);
    static constexpr Bits quiet_bit = static_cast<Bits>(Bits{1} << (fraction - 1));
    static constexpr Bits infinity = static_cast<Bits>((sign_bit - 1) & ~fraction_mask);
    static constexpr Bits largest_finite = static_cast<Bits>(infinity - 1);
    static constexpr Bits canonical_nan = static_cast<Bits>(infinity | quiet_bit);
};
using F16 = Format<u16, 10>;
using F32 = Format<u32, 23>;
using F64 = Format<u64, 52>;

template <typename F> constexpr bool is_negative(typename F::Bits a) { return (a & F::sign_bit) != 0; }
template <typename F> constexpr typename F::Bits magnitude(typename F::Bits a) {
    return static_cast<typename F::Bits>(a & ~F::sign_bit);
}
template <typename F> constexpr typename F::Bits negate(typename F::Bits a) {
    return static_cast<typename F::Bits>(a ^ F::sign_bit);
}
template <typename F> constexpr bool is_zero(typename F::Bits a) { return magnitude<F>(a) == 0; }
template <typename F> constexpr bool is_infinity(typename F::Bits a) { return magnitude<F>(a) == F::infinity; }
template <typename F> constexpr bool is_nan(typename F::Bits a) { return magnitude<F>(a) > F::infinity; }
template <typename F> constexpr bool is_signaling_nan(typename F::Bits a) {
    return is_nan<F>(a) && (a & F::quiet_bit) == 0;
}
template <typename F> constexpr bool is_subnormal(typename F::Bits a) {
    return magnitude<F>(a) != 0 && magnitude<F>(a) <= F::fraction_mask;
}

// A signed number that orders like the value, for anything but NaN; both zeros give 0.
template <typename F> constexpr i64 order_key(typename F::Bits a) {
    const i64 key = static_cast<i64>(magnitude<F>(a));
    return is_negative<F>(a) ? -key : key;
}

enum class Relation : u8 { less, equal, greater, unordered };
enum class NanComparison : u8 { quiet, signaling }; // signaling: any NaN is invalid; quiet: only a signaling one

// IEEE 754-2019 5.11.
template <typename F>
constexpr Relation compare(typename F::Bits a, typename F::Bits b, NanComparison comparison, Flags& flags) {
    if (is_nan<F>(a) || is_nan<F>(b)) {
        if (comparison == NanComparison::signaling || is_signaling_nan<F>(a) || is_signaling_nan<F>(b))
            raise(flags, flag::invalid);
        return Relation::unordered;
    }
    const i64 left = order_key<F>(a);
    const i64 right = order_key<F>(b);
    return left < right ? Relation::less : left == right ? Relation::equal : Relation::greater;
}

namespace detail {
// minimumNumber and maximumNumber of IEEE 754-2019 9.6: a NaN loses against a number, and -0 is below +0.
template <typename F, bool maximum>
constexpr typename F::Bits extreme_number(typename F::Bits a, typename F::Bits b, Flags& flags) {
    using Bits = typename F::Bits;
    if (is_signaling_nan<F>(a) || is_signaling_nan<F>(b)) raise(flags, flag::invalid);
    if (is_nan<F>(a)) return is_nan<F>(b) ? F::canonical_nan : b;
    if (is_nan<F>(b)) return a;
    const i64 left = order_key<F>(a);
    const i64 right = order_key<F>(b);
    if (left == right) return maximum ? static_cast<Bits>(a & b) : static_cast<Bits>(a | b); // differ only as -0 and +0
    return (left < right) != maximum ? a : b;
}
} // namespace detail

template <typename F> constexpr typename F::Bits minimum_number(typename F::Bits a, typename F::Bits b, Flags& flags) {
    return detail::extreme_number<F, false>(a, b, flags);
}
template <typename F> constexpr typename F::Bits maximum_number(typename F::Bits a, typename F::Bits b, Flags& flags) {
    return detail::extreme_number<F, true>(a, b, flags);
}

// One bit of ten, in the order of RISC-V's fclass: -inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf,
// signaling NaN, quiet NaN.
template <typename F> constexpr u32 classify(typename F::Bits a) {
    if (is_nan<F>(a)) return is_signaling_nan<F>(a) ? u32{1} << 8 : u32{1} << 9;
    const u32 distance = is_zero<F>(a) ? 0 : is_subnormal<F>(a) ? 1 : is_infinity<F>(a) ? 3 : 2;
    return is_negative<F>(a) ? u32{1} << (3 - distance) : u32{1} << (4 + distance);
}

} // namespace orrery::softfloat
