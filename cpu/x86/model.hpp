// CPU models: what CPUID tells the guest (SDM 2, CPUID), and the features that go with it. A model claims that the
// processor has none of the known leaks, so that guests leave out their work-arounds, which cost a translator more than
// a processor.
#pragma once

#include <optional>
#include <string_view>

#include "cpu/x86/feature.hpp"
#include "cpu/x86/state.hpp"

namespace orrery::x86 {

struct Model {
    std::string_view name; // "x86-64-v2"
    Features features;
};

// The names are those of the x86-64 psABI's levels.
std::optional<Model> find_model(std::string_view name);
std::span<const Model> models();

// What else CPUID depends on.
struct Identity {
    Features features;
    std::string_view model;
    u32 apic_id = 0;
    u32 cpus = 1;
    u64 tsc_hz = 1'000'000'000;
    bool apic_enabled = true;
    bool paravirtual_clock = false; // see paravirtual_clock.hpp
};

struct CpuidAnswer {
    u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
    bool operator==(const CpuidAnswer&) const = default;
};

CpuidAnswer cpuid(const Identity& identity, const State& state, u32 leaf, u32 subleaf);

// Family 6, model 1Ch: what RDX holds after a reset, too. That model, Intel's first Atom, doesn't speculate, and
// neither does a translator: systems know this and leave all work-arounds for speculation out. They would not believe
// IA32_ARCH_CAPABILITIES alone of a virtual machine.
inline constexpr u32 signature = 0x0001'06ca;
// The bits of CR4 that a processor of these features has.
u64 known_cr4(Features features);

// IA32_ARCH_CAPABILITIES (SDM 4, table 2-2): immune to Meltdown, L1TF, MDS, TAA and their like.
inline constexpr u64 arch_capabilities = 1 << 0 |  // RDCL_NO
                                         1 << 1 |  // IBRS_ALL
                                         1 << 3 |  // SKIP_L1DFL_VMENTRY
                                         1 << 4 |  // SSB_NO
                                         1 << 5 |  // MDS_NO
                                         1 << 6 |  // IF_PSCHANGE_MC_NO
                                         1 << 8 |  // TAA_NO
                                         1 << 13 | // SBDR_SSDP_NO
                                         1 << 14 | // FBSDP_NO
                                         1 << 15 | // PSDP_NO
                                         1 << 20 | // BHI_NO
                                         1 << 24 | // PBRSB_NO
                                         1 << 26 | // GDS_NO
                                         1 << 27;  // RFDS_NO

} // namespace orrery::x86
