// The 80-bit format of the x87 unit, and exact arithmetic in it (SDM 1, chapters 4 and 8.5). As in softfloat.hpp, an
// operation computes exactly or with a sticky last bit and rounds once; besides it has what only this unit has:
// precision control, unmasked exceptions with results of their own, the direction of rounding, and encodings that mean
// nothing.
#pragma once

#include <optional>
#include <utility>

#include "cpu/float/format.hpp"

namespace orrery::softfloat {

// The leading bit of the significand stands in the encoding.
struct Extended {
    u64 significand = 0;
    u16 sign_exponent = 0;
    static constexpr u16 sign_bit = 0x8000;
    static constexpr u16 largest_exponent = 0x7fff;
    static constexpr int bias = 0x3fff;
    [[nodiscard]] constexpr bool negative() const { return (sign_exponent & sign_bit) != 0; }
    [[nodiscard]] constexpr int exponent() const { return sign_exponent & largest_exponent; }
    [[nodiscard]] constexpr bool is_normal() const {
        return static_cast<u32>(exponent() - 1) < largest_exponent - 1 && significand >> 63 != 0;
    }
    constexpr bool operator==(const Extended&) const = default;
};

// SDM 1, table 8-3. A denormal may have its leading bit set; other encodings without a fitting one are unsupported.
enum class ExtendedClass : u8 { unsupported, quiet_nan, signaling_nan, infinity, zero, denormal, normal };
ExtendedClass classify(Extended a);

// The exceptions, and C1 as the direction of rounding, at their places in the unit's status word (SDM 1, 8.1.3).
namespace x87_flag {
inline constexpr u16 invalid = 1 << 0;
inline constexpr u16 denormal = 1 << 1;
inline constexpr u16 divide_by_zero = 1 << 2;
inline constexpr u16 overflow = 1 << 3;
inline constexpr u16 underflow = 1 << 4;
inline constexpr u16 inexact = 1 << 5;
inline constexpr u16 exceptions = 0x3f;
inline constexpr u16 rounded_up = 1 << 9;
} // namespace x87_flag

// How to compute, taken from a control word (SDM 1, 8.1.5), and what came up.
struct ExtendedContext {
    explicit ExtendedContext(u16 control_word);
    Rounding rounding = Rounding::nearest_even;
    int precision = 64; // of add, sub, mul, div and sqrt
    u16 masked = x87_flag::exceptions;
    u16 raised = 0; // x87_flag
    // An operand was widened from a denormal of a narrower format, which is normal here.
    bool denormal_operand = false;

    // Behind an unmasked exception that comes before the result there are no others.
    void raise(u16 flags) {
        if (!stops()) raised = static_cast<u16>(raised | flags);
    }
    [[nodiscard]] bool is_masked(u16 flag) const { return (masked & flag) != 0; }
    // An unmasked one that comes before a result: the operation's destination must be left alone (SDM 1, 8.7).
    [[nodiscard]] bool stops() const {
        return (raised & ~masked & (x87_flag::invalid | x87_flag::denormal | x87_flag::divide_by_zero)) != 0;
    }
    // Any unmasked one: a destination in memory must be left alone, unless it is a loss of precision.
    [[nodiscard]] bool stops_store() const {
        return (raised & ~masked & x87_flag::exceptions & ~x87_flag::inexact) != 0;
    }
};

namespace extended {

inline constexpr Extended zero{0, 0};
inline constexpr Extended one{u64{1} << 63, Extended::bias};
inline constexpr Extended infinity{u64{1} << 63, Extended::largest_exponent};
// What an invalid operation gives (SDM 1, 4.8.3.7).
inline constexpr Extended indefinite{u64{3} << 62, 0xffff};

constexpr Extended with_sign(bool negative, Extended a) {
    a.sign_exponent = static_cast<u16>((a.sign_exponent & ~Extended::sign_bit) | (negative ? Extended::sign_bit : 0));
    return a;
}

Extended add(Extended a, Extended b, ExtendedContext& context);
Extended sub(Extended a, Extended b, ExtendedContext& context);
Extended mul(Extended a, Extended b, ExtendedContext& context);
Extended div(Extended a, Extended b, ExtendedContext& context);
Extended sqrt(Extended a, ExtendedContext& context);
Extended round_to_integral(Extended a, ExtendedContext& context);
Relation compare(Extended a, Extended b, NanComparison comparison, ExtendedContext& context);

// a * 2^(b without its fraction), rounded to 64 bits whatever the precision.
Extended scale(Extended a, Extended b, ExtendedContext& context);
// Exponent and significand, both as numbers.
std::pair<Extended, Extended> extract(Extended a, ExtendedContext& context);

// SDM 2, FPREM and FPREM1: the quotient is cut off or rounded to the nearest. Where exponents are 64 or more apart the
// division is only begun, and the value has the same remainder as `a`.
struct Remainder {
    enum class Outcome : u8 { complete, begun, impossible }; // impossible: the value is a NaN
    Extended value;
    u32 quotient = 0; // its low three bits
    Outcome outcome = Outcome::complete;
};
Remainder remainder(Extended a, Extended b, bool nearest, ExtendedContext& context);

// F32 and F64. Widening is exact, a signaling NaN stays one, and a denormal is noted in the context.
template <typename F> Extended widen(typename F::Bits a, ExtendedContext& context);
template <typename F> typename F::Bits narrow(Extended a, ExtendedContext& context);

Extended from_integer(i64 value);
// To a signed integer of 16, 32 or 64 bits; out of range gives the lowest and is invalid.
i64 to_integer(Extended a, int bits, Rounding rounding, ExtendedContext& context);

// Packed decimal: 18 digits, the sign in the last of ten bytes (SDM 1, 4.7).
struct Decimal {
    u64 low = 0;
    u16 high = 0;
    constexpr bool operator==(const Decimal&) const = default;
};
inline constexpr Decimal indefinite_decimal{0xc000'0000'0000'0000, 0xffff};
Extended from_decimal(Decimal digits);
Decimal to_decimal(Extended a, ExtendedContext& context);

} // namespace extended
} // namespace orrery::softfloat
