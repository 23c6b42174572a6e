// Random floating-point operands crowded around the hard cases, the same in every run.
#pragma once

#include "cpu/float/format.hpp"

#include <array>
#include <bit>
#include <type_traits>

namespace orrery::test {

class Random {
public:
    explicit Random(u64 seed) : state_(seed) {}
    u64 next(); // 64 uniform bits
    u64 below(u64 limit) { return next() % limit; }

private:
    u64 state_;
};

// A fraction of `bits` bits: uniform, a run of ones, or nearly all zeros or ones, so that ties and carries are
// frequent.
u64 crowded_fraction(Random& random, int bits);

template <typename F> typename F::Bits crowded_operand(Random& random) {
    using Bits = typename F::Bits;
    const Bits sign = random.below(2) != 0 ? F::sign_bit : Bits{0};
    const Bits fraction = static_cast<Bits>(crowded_fraction(random, F::fraction_bits));
    const u64 fields = u64{2} * F::max_exponent; // of finite numbers: 0..fields
    const auto with_field = [&](u64 field) {
        return static_cast<Bits>(sign | static_cast<Bits>(field << F::fraction_bits) | fraction);
    };
    switch (random.below(16)) {
    case 0:
        return static_cast<Bits>(random.next());
    case 1:
        return sign;
    case 2:
        return static_cast<Bits>(sign | F::infinity);
    case 3:
        return static_cast<Bits>(sign | F::infinity | fraction); // a NaN of either kind, or infinity
    case 4:
    case 5:
        return with_field(0); // subnormal
    case 6:
        return with_field(1 + random.below(3));
    case 7:
        return with_field(fields - random.below(3));
    case 8:
        return static_cast<Bits>(sign | static_cast<Bits>(random.below(fields + 1) << F::fraction_bits));
    case 9:
        return with_field(random.below(fields + 1));
    case 10:
        return with_field(static_cast<u64>(F::max_exponent) + random.below(66)); // about integers
    default:
        return with_field(static_cast<u64>(F::max_exponent) + random.below(9) - 4);
    }
}

template <typename F> using ValueOf = std::conditional_t<std::is_same_v<F, softfloat::F64>, double, float>;
template <typename F> ValueOf<F> value_of(typename F::Bits bits) { return std::bit_cast<ValueOf<F>>(bits); }

inline constexpr std::array host_roundings{softfloat::Rounding::nearest_even, softfloat::Rounding::toward_zero,
                                           softfloat::Rounding::down, softfloat::Rounding::up};

// One operation's outcome, to be compared and printed.
struct Outcome {
    u64 bits = 0;
    u8 flags = 0;
    bool operator==(const Outcome&) const = default;
};

// Reports the first disagreement with all that is needed to repeat it.
void require_same(const char* operation, const Outcome& ours, const Outcome& expected, u32 rounding, u64 a, u64 b = 0,
                  u64 c = 0);

} // namespace orrery::test
