// Significands in 128-bit integers: shifts that lose nothing, and rounding. For the implementations in this folder.
#pragma once

#include <bit>

#include "cpu/float/format.hpp"

namespace orrery::softfloat {

constexpr int count_leading_zeros(u128 value) {
    const u64 high = static_cast<u64>(value >> 64);
    return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<u64>(value));
}

// Shifts right by any count of zero or more; what falls out stays visible in bit 0.
constexpr u128 shift_right_sticky(u128 value, int count) {
    if (count == 0) return value;
    if (count >= 128) return value != 0;
    return (value >> count) | ((value << (128 - count)) != 0);
}

// The significand without its last `dropped` (1..127) bits, rounded by what they were.
constexpr u128 round_off(u128 significand, int dropped, bool sign, Rounding rounding) {
    const u128 kept = significand >> dropped;
    const u128 rest = significand & ((u128{1} << dropped) - 1);
    const u128 half = u128{1} << (dropped - 1);
    switch (rounding) {
    case Rounding::nearest_even:
        return kept + (rest > half || (rest == half && (kept & 1) != 0));
    case Rounding::nearest_away:
        return kept + (rest >= half);
    case Rounding::down:
        return kept + (sign && rest != 0);
    case Rounding::up:
        return kept + (!sign && rest != 0);
    case Rounding::toward_zero:
        break;
    }
    return kept;
}

} // namespace orrery::softfloat
