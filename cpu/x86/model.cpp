#include "cpu/x86/model.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace orrery::x86 {
namespace {

// What the psABI's level 2 has besides what every 64-bit processor has, with the system features that go for any level.
constexpr Features level_2{Feature::sse3,
                           Feature::ssse3,
                           Feature::sse41,
                           Feature::sse42,
                           Feature::popcnt,
                           Feature::cx16,
                           Feature::lahf64,
                           Feature::aes,
                           Feature::pclmul,
                           Feature::xsave,
                           Feature::fsgsbase,
                           Feature::rdtscp,
                           Feature::rdrand,
                           Feature::smap,
                           Feature::invpcid,
                           Feature::prefetchw,
                           Feature::clflushopt,
                           Feature::pcid,
                           Feature::smep,
                           Feature::umip,
                           Feature::pdpe1gb,
                           Feature::erms,
                           Feature::fdp_excptn_only,
                           Feature::fcs_fds_deprecated};
constexpr Features level_3 =
    level_2 | Features{Feature::avx,  Feature::avx2,  Feature::fma,   Feature::f16c, Feature::bmi1,
                       Feature::bmi2, Feature::movbe, Feature::lzcnt, Feature::adx,  Feature::rdseed};

constexpr std::array known_models{Model{"x86-64-v2", level_2}, Model{"x86-64-v3", level_3}};

constexpr u32 bit(u32 number) { return u32{1} << number; }

// A feature and the bit by which CPUID shows it.
struct Shown {
    Feature feature;
    u32 bit;
};

template <std::size_t Count> u32 shown(Features features, const std::array<Shown, Count>& table) {
    u32 bits = 0;
    for (const Shown& each : table)
        if (features.contains({each.feature})) bits |= bit(each.bit);
    return bits;
}

constexpr std::array leaf_1_ecx{
    Shown{Feature::sse3, 0},   Shown{Feature::pclmul, 1}, Shown{Feature::monitor, 3}, Shown{Feature::ssse3, 9},
    Shown{Feature::fma, 12},   Shown{Feature::cx16, 13},  Shown{Feature::pcid, 17},   Shown{Feature::sse41, 19},
    Shown{Feature::sse42, 20}, Shown{Feature::movbe, 22}, Shown{Feature::popcnt, 23}, Shown{Feature::aes, 25},
    Shown{Feature::xsave, 26}, Shown{Feature::avx, 28},   Shown{Feature::f16c, 29},   Shown{Feature::rdrand, 30}};
constexpr std::array leaf_7_ebx{Shown{Feature::fsgsbase, 0},
                                Shown{Feature::bmi1, 3},
                                Shown{Feature::avx2, 5},
                                Shown{Feature::bmi2, 8},
                                Shown{Feature::invpcid, 10},
                                Shown{Feature::rdseed, 18},
                                Shown{Feature::adx, 19},
                                Shown{Feature::smap, 20},
                                Shown{Feature::clflushopt, 23},
                                Shown{Feature::clwb, 24},
                                Shown{Feature::fdp_excptn_only, 6},
                                Shown{Feature::smep, 7},
                                Shown{Feature::erms, 9},
                                Shown{Feature::fcs_fds_deprecated, 13}};
constexpr std::array leaf_7_ecx{Shown{Feature::umip, 2}, Shown{Feature::rdpid, 22}};
constexpr std::array extended_ecx{Shown{Feature::lahf64, 0}, Shown{Feature::lzcnt, 5}, Shown{Feature::prefetchw, 8}};
constexpr std::array extended_edx{Shown{Feature::pdpe1gb, 26}, Shown{Feature::rdtscp, 27}};

CpuidAnswer features_leaf(const Identity& identity, const State& state) {
    constexpr u32 x2apic = bit(21), tsc_deadline = bit(24), osxsave = bit(27), hypervisor = bit(31);
    // FPU DE PSE TSC MSR PAE MCE CX8 SEP MTRR PGE MCA CMOV PAT PSE-36 CLFSH MMX FXSR SSE SSE2
    constexpr u32 always = bit(0) | bit(2) | bit(3) | bit(4) | bit(5) | bit(6) | bit(7) | bit(8) | bit(11) | bit(12) |
                           bit(13) | bit(14) | bit(15) | bit(16) | bit(17) | bit(19) | bit(23) | bit(24) | bit(25) |
                           bit(26);
    constexpr u32 apic = bit(9), several = bit(28);
    constexpr u32 line_of_64_bytes = 8 << 8;
    u32 ecx = shown(identity.features, leaf_1_ecx) | x2apic | tsc_deadline | hypervisor;
    if ((state.cr4 & cr4::osxsave) != 0) ecx |= osxsave;
    return {.eax = signature,
            .ebx = identity.apic_id << 24 | std::min<u32>(identity.cpus, 255) << 16 | line_of_64_bytes,
            .ecx = ecx,
            .edx = always | (identity.apic_enabled ? apic : 0) | (identity.cpus > 1 ? several : 0)};
}

CpuidAnswer structured_features(const Identity& identity, u32 subleaf) {
    if (subleaf != 0) return {};
    constexpr u32 tsc_adjust = bit(1);
    constexpr u32 fast_short_strings = bit(4), spec_ctrl = bit(26), stibp = bit(27), capabilities = bit(29),
                  ssbd = bit(31);
    return {.ebx = shown(identity.features, leaf_7_ebx) | tsc_adjust,
            .ecx = shown(identity.features, leaf_7_ecx),
            .edx = fast_short_strings | spec_ctrl | stibp | capabilities | ssbd};
}

// Leaf 4: the same caches for every CPU alone. Guests size their work by them.
CpuidAnswer cache(u32 subleaf) {
    struct Cache {
        u32 type, level, ways, sets;
    };
    constexpr std::array caches{Cache{1, 1, 8, 64}, Cache{2, 1, 8, 64}, Cache{3, 2, 16, 1024}, Cache{3, 3, 16, 16384}};
    if (subleaf >= caches.size()) return {};
    const Cache& found = caches[subleaf];
    constexpr u32 self_initialising = bit(8);
    constexpr u32 line_bytes = 64;
    return {.eax = found.type | found.level << 5 | self_initialising,
            .ebx = (line_bytes - 1) | (found.ways - 1) << 22,
            .ecx = found.sets - 1};
}

// Leaf 0Bh: each CPU is a core with one thread, all in one package.
CpuidAnswer topology(const Identity& identity, u32 subleaf) {
    u32 shift = 0;
    while (u32{1} << shift < identity.cpus) ++shift;
    if (subleaf == 0) return {.eax = 0, .ebx = 1, .ecx = 1 << 8, .edx = identity.apic_id};
    if (subleaf == 1) return {.eax = shift, .ebx = identity.cpus, .ecx = 2 << 8 | 1, .edx = identity.apic_id};
    return {.ecx = subleaf, .edx = identity.apic_id};
}

// Leaf 0Dh: the XSAVE area (SDM 1, 13.2).
CpuidAnswer saved_state(const Identity& identity, const State& state, u32 subleaf) {
    if (!identity.features.contains({Feature::xsave})) return {};
    const bool avx = identity.features.contains({Feature::avx});
    constexpr u32 legacy_and_header = 576, avx_bytes = 256;
    if (subleaf == 0) {
        const bool uses_avx = (state.xcr0 & xcr0::avx) != 0;
        return {.eax = static_cast<u32>(xcr0::x87 | xcr0::sse | (avx ? xcr0::avx : 0)),
                .ebx = legacy_and_header + (uses_avx ? avx_bytes : 0),
                .ecx = legacy_and_header + (avx ? avx_bytes : 0)};
    }
    if (subleaf == 2 && avx) return {.eax = avx_bytes, .ebx = legacy_and_header};
    return {};
}

CpuidAnswer text(std::string_view words, u32 part) {
    std::array<char, 48> padded{};
    std::ranges::copy(words.substr(0, padded.size() - 1), padded.begin());
    std::array<u32, 4> registers{};
    std::memcpy(registers.data(), padded.data() + part * 16, 16);
    return {registers[0], registers[1], registers[2], registers[3]};
}

CpuidAnswer extended_features(const Identity& identity) {
    // SYSCALL NX LM
    constexpr u32 always = bit(11) | bit(20) | bit(29);
    return {.ecx = shown(identity.features, extended_ecx), .edx = always | shown(identity.features, extended_edx)};
}

constexpr u32 highest_basic = 0x16;
constexpr u32 highest_extended = 0x8000'0008;
constexpr u32 hypervisor_leaf = 0x4000'0000;
constexpr u32 paravirtual_leaf = 0x4000'0001;
constexpr u32 timing_leaf = 0x4000'0010; // kHz of TSC and APIC, as other hypervisors have it

// With the paravirtual clock guests are to take the machine for KVM's (Linux, Documentation/virt/kvm/x86/cpuid.rst).
// They get nothing of KVM's but the clock, and no feature by which they would make hypercalls.
CpuidAnswer hypervisor(const Identity& identity, u32 leaf) {
    constexpr u32 clock_source_2 = bit(3), clock_source_stable = bit(24);
    switch (leaf) {
    case hypervisor_leaf:
        if (identity.paravirtual_clock) // "KVMKVMKVM"
            return {.eax = timing_leaf, .ebx = 0x4b4d'564b, .ecx = 0x564b'4d56, .edx = 0x4d};
        return {.eax = timing_leaf, .ebx = 0x6572'724f, .ecx = 0x724f'7972, .edx = 0x7972'6572}; // "OrreryOrrery"
    case paravirtual_leaf:
        return {.eax = identity.paravirtual_clock ? clock_source_2 | clock_source_stable : 0};
    case timing_leaf:
        return {.eax = static_cast<u32>(identity.tsc_hz / 1000), .ebx = static_cast<u32>(identity.tsc_hz / 1000)};
    default:
        return {};
    }
}

CpuidAnswer basic(const Identity& identity, const State& state, u32 leaf, u32 subleaf) {
    switch (leaf) {
    case 0: // "GenuineIntel": the rules where processors differ are Intel's
        return {.eax = highest_basic, .ebx = 0x756e'6547, .ecx = 0x6c65'746e, .edx = 0x4965'6e69};
    case 1:
        return features_leaf(identity, state);
    case 2: // see leaf 4
        return {.eax = 0x00ff'ff01};
    case 4:
        return cache(subleaf);
    case 6: // the APIC's timer runs always
        return {.eax = bit(2)};
    case 7:
        return structured_features(identity, subleaf);
    case 0xb:
        return topology(identity, subleaf);
    case 0xd:
        return saved_state(identity, state, subleaf);
    case 0x15: // TSC = crystal
        return {.eax = 1, .ebx = 1, .ecx = static_cast<u32>(identity.tsc_hz)};
    case 0x16:
        return {.eax = static_cast<u32>(identity.tsc_hz / 1'000'000),
                .ebx = static_cast<u32>(identity.tsc_hz / 1'000'000)};
    default:
        return {};
    }
}

CpuidAnswer extended(const Identity& identity, u32 leaf) {
    switch (leaf) {
    case 0x8000'0000:
        return {.eax = highest_extended};
    case 0x8000'0001:
        return extended_features(identity);
    case 0x8000'0002:
    case 0x8000'0003:
    case 0x8000'0004:
        return text(identity.model, leaf - 0x8000'0002);
    case 0x8000'0007: // the TSC never changes its pace
        return {.edx = bit(8)};
    case 0x8000'0008:
        return {.eax = 40 | 48 << 8};
    default:
        return {};
    }
}

} // namespace

std::span<const Model> models() { return known_models; }

std::optional<Model> find_model(std::string_view name) {
    const auto found = std::ranges::find(known_models, name, &Model::name);
    return found == known_models.end() ? std::nullopt : std::optional(*found);
}

u64 known_cr4(Features features) {
    u64 known =
        cr4::tsd | cr4::de | cr4::pse | cr4::pae | cr4::mce | cr4::pge | cr4::pce | cr4::osfxsr | cr4::osxmmexcpt;
    if (features.contains({Feature::umip})) known |= cr4::umip;
    if (features.contains({Feature::pcid})) known |= cr4::pcide;
    if (features.contains({Feature::smep})) known |= cr4::smep;
    if (features.contains({Feature::fsgsbase})) known |= cr4::fsgsbase;
    if (features.contains({Feature::xsave})) known |= cr4::osxsave;
    if (features.contains({Feature::smap})) known |= cr4::smap;
    return known;
}

// A leaf beyond the last gives what the last basic one does (SDM 2, CPUID).
CpuidAnswer cpuid(const Identity& identity, const State& state, u32 leaf, u32 subleaf) {
    if (leaf >= hypervisor_leaf && leaf <= timing_leaf) return hypervisor(identity, leaf);
    if (leaf >= 0x8000'0000 && leaf <= highest_extended) return extended(identity, leaf);
    return basic(identity, state, std::min(leaf, highest_basic), subleaf);
}

} // namespace orrery::x86
