// Nearest-away rounding, which no host has, and fused multiply-add, against exact values in the compiler's 113-bit
// arithmetic. A candidate is right if the exact value lies nearest to it, ties going to the larger magnitude.
#include "cpu/float/host_float.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/operands.hpp"

#if defined(__SIZEOF_FLOAT128__)

using namespace orrery;
using namespace orrery::softfloat;
using namespace orrery::test;

namespace {

using Quad = __float128;
constexpr int operand_tuples = 150'000;

Quad absolute(Quad value) { return value < 0 ? -value : value; }

template <typename F> bool is_finite_nonzero(typename F::Bits a) { return magnitude<F>(a) - 1 < F::largest_finite; }

// The midpoint between a magnitude and its upper neighbour; the one above the largest finite number decides overflow.
template <typename F> Quad midpoint_above(typename F::Bits lower) {
    const int field = static_cast<int>(lower >> F::fraction_bits);
    const int exponent = (field == 0 ? 1 : field) - F::max_exponent - F::precision; // of half a unit in the last place
    const u128 half_ulp = static_cast<u128>(exponent + 16383) << 112;
    return Quad{value_of<F>(lower)} + std::bit_cast<Quad>(half_ulp);
}

// Checks `result`, which should be |value| rounded to nearest-away: `reaches(q)` says whether |value| >= q.
template <typename F, typename Reaches>
bool is_nearest_away(typename F::Bits result, const Outcome& truncated, Reaches reaches) {
    const auto lower = static_cast<typename F::Bits>(magnitude<F>(static_cast<typename F::Bits>(truncated.bits)));
    const auto expected = static_cast<typename F::Bits>(reaches(midpoint_above<F>(lower)) ? lower + 1 : lower);
    return magnitude<F>(result) == expected;
}

// What nearest-away and toward-zero share: the sign, and whether the result is exact.
void require_plausible(const Outcome& away, const Outcome& truncated, u64 sign_bit) {
    if ((away.bits & sign_bit) != (truncated.bits & sign_bit)) FAIL("the sign differs");
    if (((away.flags ^ truncated.flags) & (flag::inexact | flag::invalid | flag::divide_by_zero)) != 0)
        FAIL("the flags differ");
}

template <typename F, typename Soften, typename Reaches>
void check_nearest_away(const char* name, u64 a, u64 b, u64 c, Soften soften, Reaches reaches) {
    Outcome truncated;
    Outcome away;
    truncated.bits = soften(Rounding::toward_zero, truncated.flags);
    away.bits = soften(Rounding::nearest_away, away.flags);
    require_plausible(away, truncated, F::sign_bit);
    const bool overflowed = is_infinity<F>(static_cast<typename F::Bits>(away.bits));
    if (overflowed != ((away.flags & flag::overflow) != 0)) FAIL(name << ": wrong overflow flag");
    if (!is_nearest_away<F>(static_cast<typename F::Bits>(away.bits), truncated, reaches))
        require_same(name, away, truncated, 4, a, b, c);
}

template <typename F> void check_arithmetic(u64 seed) {
    Random random(seed);
    int checked = 0;
    while (checked < operand_tuples) {
        const auto a = crowded_operand<F>(random);
        const auto b = crowded_operand<F>(random);
        if (!is_finite_nonzero<F>(a) || !is_finite_nonzero<F>(b)) continue;
        ++checked;
        const Quad x = value_of<F>(a);
        const Quad y = value_of<F>(b);
        // 113 bits hold any product of two operands, and the product of a midpoint and an operand.
        check_nearest_away<F>(
            "mul", a, b, 0, [&](Rounding r, Flags& f) { return Soft<F>::mul(a, b, r, f); },
            [&](Quad middle) { return absolute(x * y) >= middle; });
        check_nearest_away<F>(
            "div", a, b, 0, [&](Rounding r, Flags& f) { return Soft<F>::div(a, b, r, f); },
            [&](Quad middle) { return absolute(x) >= middle * absolute(y); });
        const auto root = magnitude<F>(a);
        check_nearest_away<F>(
            "sqrt", root, 0, 0, [&](Rounding r, Flags& f) { return Soft<F>::sqrt(root, r, f); },
            [&](Quad middle) { return absolute(x) >= middle * middle; });
        const Quad sum = x + y;
        if (sum - x == y && sum - y == x && sum != 0) // else 113 bits may not hold the sum
            check_nearest_away<F>(
                "add", a, b, 0, [&](Rounding r, Flags& f) { return Soft<F>::add(a, b, r, f); },
                [&](Quad middle) { return absolute(sum) >= middle; });
    }
}

template <typename F> void check_multiply_add(u64 seed) {
    Random random(seed);
    int checked = 0;
    while (checked < operand_tuples) {
        const auto a = crowded_operand<F>(random);
        const auto b = crowded_operand<F>(random);
        auto c = crowded_operand<F>(random);
        Flags ignored = 0;
        if (random.below(2) == 0)
            c = static_cast<typename F::Bits>(Soft<F>::mul(a, b, Rounding::nearest_even, ignored) ^ random.below(4) ^
                                              (random.below(2) != 0 ? F::sign_bit : 0));
        if (!is_finite_nonzero<F>(a) || !is_finite_nonzero<F>(b) || !is_finite_nonzero<F>(c)) continue;
        const Quad product = Quad{value_of<F>(a)} * Quad{value_of<F>(b)};
        const Quad addend = value_of<F>(c);
        const Quad sum = product + addend;
        if (sum - product != addend || sum - addend != product || sum == 0) continue;
        ++checked;
        const auto fused = [&](Rounding r, Flags& f) { return Soft<F>::multiply_add(a, b, c, r, f); };
        check_nearest_away<F>("fma", a, b, c, fused, [&](Quad middle) { return absolute(sum) >= middle; });
        // Toward zero itself: not above the exact value, and the next one would be.
        Flags flags = 0;
        const auto lower = magnitude<F>(static_cast<typename F::Bits>(fused(Rounding::toward_zero, flags)));
        const Quad below = value_of<F>(lower);
        const bool bracketed = below <= absolute(sum) && absolute(sum) < below + 2 * (midpoint_above<F>(lower) - below);
        if (lower != F::largest_finite && !bracketed) FAIL("fma truncates wrongly");
        if ((below == absolute(sum)) != (flags == 0)) FAIL("fma is wrong about being exact");
    }
}

} // namespace

TEST_CASE("nearest-away arithmetic takes the nearer neighbour, and the larger one at a tie") {
    check_arithmetic<F32>(101);
    check_arithmetic<F64>(102);
}

TEST_CASE("fused multiply-add rounds the exact sum once") {
    check_multiply_add<F32>(103);
    check_multiply_add<F64>(104);
}

TEST_CASE("large unsigned integers convert to the nearest float") {
    Random random(105);
    for (int count = 0; count < operand_tuples; ++count) {
        const u64 value = crowded_fraction(random, 63) | u64{1} << 63;
        Flags flags = 0;
        // The compiler's conversion from 113 bits rounds to nearest-even, from an exact value.
        CHECK_FALSE(Soft<F64>::from_integer(value, Rounding::nearest_even, flags) !=
                    std::bit_cast<u64>(static_cast<double>(static_cast<Quad>(value))));
        CHECK_FALSE(Soft<F32>::from_integer(value, Rounding::nearest_even, flags) !=
                    std::bit_cast<u32>(static_cast<float>(static_cast<Quad>(value))));
    }
}

TEST_CASE("nearest-away conversions to integers round halves away from zero") {
    for (const int halves : {-7, -5, -3, -2, -1, 0, 1, 2, 3, 5, 7}) {
        Flags flags = 0;
        const double value = halves / 2.0;
        const i32 expected = halves < 0 ? -((1 - halves) / 2) : (halves + 1) / 2;
        CHECK(Soft<F64>::to_integer<i32>(std::bit_cast<u64>(value), Rounding::nearest_away, flags) == expected);
        CHECK(Host<F64>::to_integer<i32>(std::bit_cast<u64>(value), Rounding::nearest_away, flags) == expected);
        CHECK(flags == (halves % 2 != 0 ? flag::inexact : 0));
    }
}
#endif
