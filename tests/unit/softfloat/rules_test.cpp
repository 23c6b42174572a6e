// Rules that are stated rather than computed: tininess, NaNs, minimum and maximum, classes, overflow.
#include "cpu/float/softfloat.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/operands.hpp"

using namespace orrery;
using namespace orrery::softfloat;

namespace {

constexpr u32 quiet_nan = 0xffc0'1234;
constexpr u32 signaling_nan = 0x7f80'0001;
constexpr u32 one = 0x3f80'0000;
constexpr u32 two = 0x4000'0000;
constexpr u32 minus_zero = 0x8000'0000;
constexpr u32 infinity = 0x7f80'0000;

} // namespace

TEST_CASE("a number just below the smallest normal one that rounds up to it is tiny only before rounding") {
    const u64 value = std::bit_cast<u64>(0x1p-126 * (1 - 0x1p-26));
    Flags flags = 0;
    CHECK(Soft<F64>::convert<F32>(value, Rounding::nearest_even, flags) == 0x0080'0000);
    CHECK(flags == flag::inexact);
    flags = 0;
    CHECK(Soft<F64>::convert<F32>(value, {Rounding::nearest_even, Tininess::before_rounding}, flags) == 0x0080'0000);
    CHECK(flags == (flag::inexact | flag::underflow));
}

TEST_CASE("an exact subnormal result does not underflow") {
    Flags flags = 0;
    CHECK(Soft<F32>::mul(0x0080'0000, 0x3f00'0000, {Rounding::nearest_even, Tininess::before_rounding}, flags) ==
          0x0040'0000);
    CHECK(flags == 0);
}

TEST_CASE("overflow goes to infinity or the largest number as mode and sign say") {
    const u32 largest = F32::largest_finite;
    struct Row {
        Rounding rounding;
        u32 positive, negative;
    };
    const Row rows[] = {{Rounding::nearest_even, infinity, infinity},
                        {Rounding::nearest_away, infinity, infinity},
                        {Rounding::toward_zero, largest, largest},
                        {Rounding::down, largest, infinity},
                        {Rounding::up, infinity, largest}};
    for (const Row& row : rows) {
        Flags flags = 0;
        CHECK(Soft<F32>::add(largest, largest, row.rounding, flags) == row.positive);
        CHECK(Soft<F32>::mul(negate<F32>(largest), two, row.rounding, flags) == (row.negative | minus_zero));
        CHECK(flags == (flag::overflow | flag::inexact));
    }
}

TEST_CASE("minimum and maximum prefer numbers to NaNs and order the zeros") {
    struct Row {
        u32 a, b, minimum, maximum;
        Flags flags;
    };
    const Row rows[] = {
        {one, two, one, two, 0},
        {minus_zero, 0, minus_zero, 0, 0},
        {negate<F32>(one), negate<F32>(two), negate<F32>(two), negate<F32>(one), 0},
        {quiet_nan, two, two, two, 0},
        {quiet_nan, quiet_nan, F32::canonical_nan, F32::canonical_nan, 0},
        {signaling_nan, one, one, one, flag::invalid},
        {signaling_nan, quiet_nan, F32::canonical_nan, F32::canonical_nan, flag::invalid},
        {negate<F32>(infinity), infinity, negate<F32>(infinity), infinity, 0},
    };
    for (const Row& row : rows) {
        for (const bool swapped : {false, true}) {
            const u32 a = swapped ? row.b : row.a;
            const u32 b = swapped ? row.a : row.b;
            Flags flags = 0;
            CHECK(minimum_number<F32>(a, b, flags) == row.minimum);
            CHECK(flags == row.flags);
            CHECK(maximum_number<F32>(a, b, flags) == row.maximum);
            CHECK(flags == row.flags);
        }
    }
}

TEST_CASE("each class of number has its bit") {
    const u64 values[] = {
        0xfff0'0000'0000'0000, 0xc000'0000'0000'0000, 0x8000'0000'0000'0001, 0x8000'0000'0000'0000, 0, 1,
        0x0010'0000'0000'0000, 0x7ff0'0000'0000'0000, 0x7ff0'0000'0000'0001, 0x7ff8'0000'0000'0000};
    for (u32 bit = 0; bit < 10; ++bit) CHECK(classify<F64>(values[bit]) == u32{1} << bit);
    CHECK(classify<F32>(0x007f'ffff) == 1 << 5);
    CHECK(classify<F32>(0x0080'0000) == 1 << 6);
    CHECK(classify<F32>(0xffff'ffff) == 1 << 9);
}

TEST_CASE("infinity times zero is invalid even when a quiet NaN is added") {
    Flags flags = 0;
    CHECK(Soft<F32>::multiply_add(infinity, minus_zero, quiet_nan, Rounding::nearest_even, flags) ==
          F32::canonical_nan);
    CHECK(flags == flag::invalid);
    flags = 0;
    CHECK(Soft<F32>::multiply_add(infinity, one, quiet_nan, Rounding::nearest_even, flags) == F32::canonical_nan);
    CHECK(flags == 0);
}

TEST_CASE("cancellation gives a zero whose sign depends on the mode alone") {
    for (const Rounding rounding : {Rounding::nearest_even, Rounding::toward_zero, Rounding::down, Rounding::up}) {
        Flags flags = 0;
        const u32 expected = rounding == Rounding::down ? minus_zero : 0;
        CHECK(Soft<F32>::sub(one, one, rounding, flags) == expected);
        CHECK(Soft<F32>::add(0, minus_zero, rounding, flags) == expected);
        CHECK(Soft<F32>::add(minus_zero, minus_zero, rounding, flags) == minus_zero);
        CHECK(Soft<F32>::multiply_add(two, two, 0xc080'0000, rounding, flags) == expected);
        CHECK(flags == 0);
    }
}

TEST_CASE("rounding to integral raises inexact only when asked to") {
    Flags flags = 0;
    CHECK(Soft<F32>::round_to_integral(0xbf00'0000, Rounding::nearest_even, false, flags) == minus_zero);
    CHECK(Soft<F32>::round_to_integral(0xbf00'0000, Rounding::nearest_away, false, flags) == negate<F32>(one));
    CHECK(flags == 0);
    CHECK(Soft<F32>::round_to_integral(0x3fc0'0000, Rounding::nearest_even, true, flags) == two);
    CHECK(flags == flag::inexact);
}
