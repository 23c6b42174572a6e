// For kernels that compute with cpu/float: MXCSR's rounding, flags and denormals in its terms (SDM 1, 10.2.3).
#pragma once

#include <array>

#include "cpu/float/format.hpp"
#include "cpu/x86/floating_environment.hpp"

namespace orrery::x86::soft {

constexpr softfloat::Rounding rounding_of(u32 control) {
    using enum softfloat::Rounding;
    constexpr std::array modes{nearest_even, down, up, toward_zero};
    return modes[control & 3];
}

constexpr u32 mxcsr_flags(softfloat::Flags flags) {
    const auto has = [&](softfloat::Flags flag, u32 bit) { return (flags & flag) != 0 ? bit : 0; };
    return has(softfloat::flag::invalid, mxcsr::invalid) | has(softfloat::flag::overflow, mxcsr::overflow) |
           has(softfloat::flag::underflow, mxcsr::underflow) | has(softfloat::flag::inexact, mxcsr::precision);
}

// A denormal operand raises its flag, or is a zero where MXCSR says so.
template <typename F> constexpr typename F::Bits without_denormal(typename F::Bits value, u32 control, u32& raised) {
    if (!softfloat::is_subnormal<F>(value)) return value;
    if ((control & mxcsr::denormals_are_zeros) != 0) return value & F::sign_bit;
    raised |= mxcsr::denormal;
    return value;
}

} // namespace orrery::x86::soft
