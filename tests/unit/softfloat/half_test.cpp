// Half precision against the host's F16C instructions.
#include "cpu/float/host_float.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/operands.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

using namespace orrery;
using namespace orrery::softfloat;
using namespace orrery::test;

namespace {

bool host_converts_halves() {
    if (__builtin_cpu_supports("f16c")) return true;
    WARN("skipped: this host has no F16C");
    return false;
}

Flags host_flags() { return detail::flags_of_mxcsr[detail::read_mxcsr() & detail::mxcsr_flags]; }

Outcome widened(u16 half) {
    float value = 0;
    const u64 source = half;
    _mm_setcsr(detail::mxcsr_masked);
    asm volatile("vmovq %1, %0\n\tvcvtph2ps %0, %0" : "=x"(value) : "r"(source));
    const Flags flags = host_flags();
    return {value != value ? F32::canonical_nan : std::bit_cast<u32>(value), flags};
}

Outcome narrowed(u32 single, Rounding rounding) {
    float value = std::bit_cast<float>(single);
    u64 result = 0;
    _mm_setcsr(detail::mxcsr_for(rounding));
    asm volatile("vcvtps2ph $4, %1, %1\n\tvmovq %1, %0" : "=r"(result), "+x"(value)); // 4: by MXCSR
    const Flags flags = host_flags();
    _mm_setcsr(detail::mxcsr_masked);
    const u16 half = static_cast<u16>(result);
    return {is_nan<F16>(half) ? F16::canonical_nan : half, flags};
}

void require_narrowed(u32 single) {
    for (const Rounding rounding : host_roundings) {
        Outcome soft;
        soft.bits = Soft<F32>::convert<F16>(single, rounding, soft.flags);
        require_same("f32 to f16", soft, narrowed(single, rounding), static_cast<u32>(rounding), single);
    }
}

} // namespace

TEST_CASE("every half widens to f32 as on the host, and to f64 with the same value") {
    if (!host_converts_halves()) return;
    for (u32 half = 0; half <= 0xffff; ++half) {
        const u16 bits = static_cast<u16>(half);
        Outcome single;
        Outcome twice;
        Outcome direct;
        single.bits = Soft<F16>::convert<F32>(bits, Rounding::nearest_even, single.flags);
        require_same("f16 to f32", single, widened(bits), 0, half);
        twice.bits = Soft<F32>::convert<F64>(static_cast<u32>(single.bits), Rounding::nearest_even, twice.flags);
        direct.bits = Soft<F16>::convert<F64>(bits, Rounding::nearest_even, direct.flags);
        REQUIRE(direct.bits == twice.bits);
    }
}

TEST_CASE("f32 narrows to f16 as on the host, around every half and its midpoints") {
    if (!host_converts_halves()) return;
    for (u32 half = 0; half <= 0xffff; ++half) {
        Flags ignored = 0;
        const u32 single = Soft<F16>::convert<F32>(static_cast<u16>(half), Rounding::nearest_even, ignored);
        for (const u32 step : {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x1fffu}) require_narrowed(single + step);
    }
    Random random(201);
    for (int count = 0; count < 200'000; ++count) {
        const u32 bits = crowded_operand<F32>(random);
        require_narrowed(bits);
        require_narrowed((bits & ~F32::infinity) | static_cast<u32>(90 + random.below(60)) << 23); // halves' range
    }
}

TEST_CASE("f64 narrows to f16 in one rounding") {
    Flags flags = 0;
    // 1 + 2^-11 is the midpoint of 1 and the next half; rounding to f32 first would lose what breaks the tie.
    CHECK(Soft<F64>::convert<F16>(std::bit_cast<u64>(1 + 0x1p-11), Rounding::nearest_even, flags) == 0x3c00);
    CHECK(Soft<F64>::convert<F16>(std::bit_cast<u64>(1 + 0x1p-11 + 0x1p-50), Rounding::nearest_even, flags) == 0x3c01);
    CHECK(Soft<F64>::convert<F16>(std::bit_cast<u64>(65519.999), Rounding::nearest_even, flags) == 0x7bff);
    CHECK((flags & flag::overflow) == 0);
    CHECK(Soft<F64>::convert<F16>(std::bit_cast<u64>(65520.0), Rounding::nearest_even, flags) == 0x7c00);
    CHECK((flags & flag::overflow) != 0);
}
#endif
