#include "jit/baseline/host_features.hpp"

#include "machine/fabric/types.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace orrery::x64 {

#if defined(__x86_64__)
namespace {

struct Leaf {
    u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero if the processor doesn't know the leaf.
Leaf read_leaf(u32 number) {
    Leaf leaf;
    __get_cpuid_count(number, 0, &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx);
    return leaf;
}

constexpr bool bit(u32 word, u32 index) { return (word >> index & 1) != 0; }

// SDM 1, 14.3: OSXSAVE, then XCR0 bits 1 and 2.
bool system_saves_ymm(const Leaf& features) {
    if (!bit(features.ecx, 27)) return false;
    u32 low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

} // namespace

// SDM 2A, CPUID: leaves 1, 7 and 0x80000001.
HostFeatures HostFeatures::probe() {
    const Leaf features = read_leaf(1);
    const Leaf extended = read_leaf(7);
    const Leaf amd = read_leaf(0x80000001);
    const bool ymm = system_saves_ymm(features);
    return {
        .sse4_1 = bit(features.ecx, 19),
        .popcnt = bit(features.ecx, 23),
        .lzcnt = bit(amd.ecx, 5),
        .movbe = bit(features.ecx, 22),
        .cmpxchg16b = bit(features.ecx, 13),
        .bmi1 = bit(extended.ebx, 3),
        .bmi2 = bit(extended.ebx, 8),
        .avx = ymm && bit(features.ecx, 28),
        .avx2 = ymm && bit(extended.ebx, 5),
        .fma = ymm && bit(features.ecx, 12),
        .f16c = ymm && bit(features.ecx, 29),
    };
}
#else
HostFeatures HostFeatures::probe() { return {}; }
#endif

} // namespace orrery::x64
