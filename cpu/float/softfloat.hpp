// Exact IEEE 754 arithmetic in integers: the reference for every guest's floating point. Each operation unpacks its
// operands, computes the value exactly (or with a sticky last bit) and rounds once. No host floating point, no state.
#pragma once

#include "cpu/float/format.hpp"

namespace orrery::softfloat {

// When a result counts as tiny, hence may underflow: after rounding with unbounded exponent (RISC-V, x86) or before
// (Arm).
enum class Tininess : u8 { after_rounding, before_rounding };

struct Mode {
    constexpr Mode(Rounding rounding_mode, Tininess tininess_rule = Tininess::after_rounding)
        : rounding(rounding_mode), tininess(tininess_rule) {}
    Rounding rounding;
    Tininess tininess;
};

// Arithmetic on F32 and F64; of F16 only the conversions exist. A NaN result is always the format's canonical NaN.
template <typename F> struct Soft {
    using Bits = typename F::Bits;

    static Bits add(Bits a, Bits b, Mode mode, Flags& flags);
    static Bits sub(Bits a, Bits b, Mode mode, Flags& flags);
    static Bits mul(Bits a, Bits b, Mode mode, Flags& flags);
    static Bits div(Bits a, Bits b, Mode mode, Flags& flags);
    static Bits sqrt(Bits a, Mode mode, Flags& flags);

    // a * b + c, rounded once. Infinity times zero is invalid even when c is a quiet NaN (RISC-V, Arm; x86 differs).
    static Bits multiply_add(Bits a, Bits b, Bits c, Mode mode, Flags& flags);

    // The nearest integer as a float of the same format; inexact is raised unless the caller's operation never does.
    static Bits round_to_integral(Bits a, Rounding rounding, bool raises_inexact, Flags& flags);

    // Int: i32, u32, i64, u64. Out of range saturates and a NaN gives the largest value; either raises invalid alone.
    template <typename Int> static Int to_integer(Bits a, Rounding rounding, Flags& flags);
    template <typename Int> static Bits from_integer(Int value, Rounding rounding, Flags& flags);

    template <typename To> static typename To::Bits convert(Bits a, Mode mode, Flags& flags);
};

} // namespace orrery::softfloat
