#include "tests/unit/softfloat/x87_operands.hpp"

#include <fmt/format.h>

namespace orrery::test {

using softfloat::Extended;

Extended extended_operand(Random& random) {
    const u16 sign = random.below(2) != 0 ? Extended::sign_bit : 0;
    const u64 fraction = crowded_fraction(random, 63);
    const auto with_exponent = [&](u64 exponent) {
        return Extended{fraction | u64{1} << 63, static_cast<u16>(sign | exponent)};
    };
    switch (random.below(20)) {
    case 0:
        return {random.next(), static_cast<u16>(random.next())};
    case 1:
        return {0, sign};
    case 2:
        return {u64{1} << 63, static_cast<u16>(sign | 0x7fff)};
    case 3:
        return with_exponent(0x7fff);
    case 4:
    case 5:
        return {fraction, sign};
    case 6:
        return with_exponent(0); // a denormal with the leading bit
    case 7:
        return {fraction, static_cast<u16>(sign | random.below(0x8000))}; // unsupported, mostly
    case 8:
        return with_exponent(1 + random.below(70));
    case 9:
        return with_exponent(0x7ffe - random.below(70));
    case 10:
        return with_exponent(random.below(0x8000));
    case 11:
        return {u64{1} << 63, static_cast<u16>(sign | random.below(0x7fff))};
    case 12:
    case 13:
        return with_exponent(Extended::bias + random.below(70)); // about integers
    case 14:
        return with_exponent(Extended::bias - 127 - 24 + random.below(30)); // about f32's least
    case 15:
        return with_exponent(Extended::bias - 1023 - 53 + random.below(60));
    case 16:
        return with_exponent(Extended::bias + (random.below(2) != 0 ? 120 : 1016) + random.below(10));
    default:
        return with_exponent(Extended::bias + random.below(9) - 4);
    }
}

u16 x87_control(Random& random) {
    constexpr std::array<u16, 3> precisions{0, 2, 3};
    const u16 masks = static_cast<u16>(random.below(4) != 0 ? 0x3f : random.below(0x40));
    return static_cast<u16>(0x40U | masks | u32{precisions[random.below(3)]} << 8 | random.below(4) << 10);
}

std::string text(Extended a) { return fmt::format("{:04x}:{:016x}", a.sign_exponent, a.significand); }

} // namespace orrery::test
