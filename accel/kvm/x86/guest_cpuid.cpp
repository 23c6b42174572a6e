#include "accel/kvm/x86/guest_cpuid.hpp"

#include <algorithm>
#include <bit>

namespace orrery::kvm {
namespace {

struct Leaf {
    u32 leaf, subleaf;
};
struct Registers {
    u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
};

constexpr u32 bit(u32 number) { return u32{1} << number; }

// Leaves that say which instructions there are, and the bits in them that say something else: those are the machine's
// own, such as its APICs', or registers that we keep ourselves.
struct FeatureLeaf {
    Leaf leaf;
    Registers ours;
};
constexpr FeatureLeaf feature_leaves[] = {
    // x2APIC, TSC deadline, a hypervisor; APIC, several CPUs
    {{1, 0}, {~u32{0}, ~u32{0}, bit(21) | bit(24) | bit(31), bit(9) | bit(12) | bit(28)}},
    {{7, 0}, {~u32{0}, bit(1), 0, ~u32{0}}}, // TSC_ADJUST
    {{0x8000'0001, 0}, {~u32{0}, ~u32{0}, 0, 0}},
};

Registers of(const x86::CpuidAnswer& answer) { return {answer.eax, answer.ebx, answer.ecx, answer.edx}; }
Registers of(const kvm_cpuid_entry2* entry) {
    return entry ? Registers{entry->eax, entry->ebx, entry->ecx, entry->edx} : Registers{};
}
Registers both(Registers a, Registers b) { return {a.eax & b.eax, a.ebx & b.ebx, a.ecx & b.ecx, a.edx & b.edx}; }
Registers either(Registers a, Registers b) { return {a.eax | b.eax, a.ebx | b.ebx, a.ecx | b.ecx, a.edx | b.edx}; }
Registers without(Registers a, Registers b) { return {a.eax & ~b.eax, a.ebx & ~b.ebx, a.ecx & ~b.ecx, a.edx & ~b.edx}; }
bool none(Registers r) { return (r.eax | r.ebx | r.ecx | r.edx) == 0; }

// The bits by which CPUID shows the features, and nothing else.
Registers shown(x86::Features features, Leaf leaf) {
    const x86::State state;
    const auto answer = [&](x86::Features some) {
        return of(x86::cpuid({.features = some, .model = {}}, state, leaf.leaf, leaf.subleaf));
    };
    return without(answer(features), answer({}));
}

bool supports(const CpuidTable& supported, x86::Features feature) {
    return std::ranges::all_of(feature_leaves, [&](const FeatureLeaf& each) {
        return none(without(shown(feature, each.leaf), of(supported.find(each.leaf.leaf, each.leaf.subleaf))));
    });
}

// As KVM takes them: those with sub-leaves say so.
constexpr u32 most_subleaves = 5;
bool has_subleaves(u32 leaf) { return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd; }

} // namespace

x86::Features supported_features(const CpuidTable& supported, x86::Features model) {
    using x86::Feature;
    x86::Features features;
    for (u32 number = 0; number < static_cast<u32>(Feature::count); ++number) {
        const x86::Features feature{static_cast<Feature>(number)};
        if (model.contains(feature) && supports(supported, feature)) features = features | feature;
    }
    // Without XSAVE an operating system can't switch AVX on.
    constexpr x86::Features needs_xsave{Feature::avx, Feature::avx2, Feature::fma, Feature::f16c};
    return features.contains({Feature::xsave}) ? features : features.without(needs_xsave);
}

CpuidTable guest_cpuid(const CpuidTable& supported, const x86::Identity& identity) {
    CpuidTable table;
    const x86::State state;
    const auto add = [&](u32 leaf, u32 subleaf) {
        Registers answer = of(x86::cpuid(identity, state, leaf, subleaf));
        for (const FeatureLeaf& each : feature_leaves)
            if (each.leaf.leaf == leaf && each.leaf.subleaf == subleaf)
                answer = both(answer, either(of(supported.find(leaf, subleaf)), each.ours));
        kvm_cpuid_entry2 entry{};
        entry.function = leaf;
        entry.index = subleaf;
        entry.flags = has_subleaves(leaf) ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
        entry.eax = answer.eax, entry.ebx = answer.ebx, entry.ecx = answer.ecx, entry.edx = answer.edx;
        table.add(entry);
    };
    const auto add_range = [&](u32 first) {
        const u32 last = x86::cpuid(identity, state, first, 0).eax;
        for (u32 leaf = first; leaf <= last; ++leaf)
            for (u32 subleaf = 0; subleaf < (has_subleaves(leaf) ? most_subleaves : 1); ++subleaf) add(leaf, subleaf);
    };
    for (const u32 first : {u32{0}, u32{0x4000'0000}, u32{0x8000'0000}}) add_range(first);
    return table;
}

u32 excess_features(const CpuidTable& wanted, const CpuidTable& told) {
    int excess = 0;
    for (const FeatureLeaf& each : feature_leaves) {
        const Registers more = without(without(of(told.find(each.leaf.leaf, each.leaf.subleaf)),
                                               of(wanted.find(each.leaf.leaf, each.leaf.subleaf))),
                                       each.ours);
        // KVM itself shows OSXSAVE as CR4 has it.
        const u32 ecx = each.leaf.leaf == 1 ? more.ecx & ~bit(27) : more.ecx;
        excess += std::popcount(more.ebx) + std::popcount(ecx) + std::popcount(more.edx);
    }
    return static_cast<u32>(excess);
}

} // namespace orrery::kvm
