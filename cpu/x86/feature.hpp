// The instruction-set extensions that the rows name, and the sets of them that CPU models offer.
#pragma once

#include <initializer_list>

#include "machine/fabric/types.hpp"

namespace orrery::x86 {

// The names are those of CPUID's feature flags (SDM 2A, CPUID). What every x86-64 processor has is not among them, nor
// is what depends on the machine around it.
enum class Feature : u8 {
    sse3,
    ssse3,
    sse41,
    sse42,
    popcnt,
    cx16,
    movbe,
    lzcnt,
    bmi1,
    bmi2,
    adx,
    aes,
    pclmul,
    xsave,
    xsaveopt,
    xsavec,
    xsaves,
    fsgsbase,
    rdtscp,
    rdpid,
    rdrand,
    rdseed,
    monitor,
    smap,
    invpcid,
    clflushopt,
    clwb,
    lahf64, // LAHF and SAHF in 64-bit mode
    prefetchw,
    avx,
    avx2,
    fma,
    f16c,
    pcid,
    smep,
    umip,
    pdpe1gb,            // pages of 1 GiB
    erms,               // REP MOVSB and STOSB are fast
    fdp_excptn_only,    // x87's data pointer follows exceptions alone
    fcs_fds_deprecated, // x87's segments are zero
    count,
};

// A set of features.
struct Features {
    u64 bits = 0;

    constexpr Features() = default;
    constexpr Features(std::initializer_list<Feature> features) {
        for (const Feature feature : features) bits |= u64{1} << static_cast<unsigned>(feature);
    }
    static constexpr Features all() {
        Features features;
        features.bits = (u64{1} << static_cast<unsigned>(Feature::count)) - 1;
        return features;
    }
    [[nodiscard]] constexpr bool contains(Features others) const { return (others.bits & ~bits) == 0; }
    [[nodiscard]] constexpr Features without(Features others) const {
        Features rest;
        rest.bits = bits & ~others.bits;
        return rest;
    }
    constexpr Features operator|(Features other) const {
        Features both;
        both.bits = bits | other.bits;
        return both;
    }
    constexpr bool operator==(const Features&) const = default;
};

} // namespace orrery::x86
