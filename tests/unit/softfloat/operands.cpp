#include "tests/unit/softfloat/operands.hpp"

#include "machine/fabric/result.hpp"
#include "tests/support/catch.hpp"

namespace orrery::test {

u64 Random::next() {
    // SplitMix64, Steele et al. 2014.
    state_ += 0x9e37'79b9'7f4a'7c15;
    u64 z = state_;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
}

u64 crowded_fraction(Random& random, int bits) {
    const u64 mask = (u64{1} << bits) - 1;
    const u64 bit = u64{1} << random.below(static_cast<u64>(bits));
    switch (random.below(6)) {
    case 0:
        return bit - 1;
    case 1:
        return mask & ~(bit - 1);
    case 2:
        return bit | u64{1} << random.below(static_cast<u64>(bits));
    case 3:
        return mask & ~bit;
    case 4:
        return random.below(4);
    default:
        return random.next() & mask;
    }
}

void require_same(const char* operation, const Outcome& ours, const Outcome& expected, u32 rounding, u64 a, u64 b,
                  u64 c) {
    if (ours == expected) return;
    FAIL(fmt::format("{} in mode {} of {:#x}, {:#x}, {:#x}: got {:#x} flags {:#x}, expected {:#x} flags {:#x}",
                     operation, rounding, a, b, c, ours.bits, ours.flags, expected.bits, expected.flags));
}

} // namespace orrery::test
