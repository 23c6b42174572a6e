#include "cpu/x86/control_registers.hpp"

#include "cpu/x86/breakpoints.hpp"

namespace orrery::x86 {
namespace {

std::unexpected<Fault> refused() { return std::unexpected(general_protection()); }

bool changes(u64 old_value, u64 new_value, u64 bits) { return ((old_value ^ new_value) & bits) != 0; }

// With PAE paging outside of long mode, which of these reload the PDPTEs (SDM 3A 4.4.1).
bool uses_pdptes(u64 cr0_value, u64 cr4_value, u64 efer_value) {
    return (cr0_value & cr0::pg) != 0 && (cr4_value & cr4::pae) != 0 && (efer_value & efer::lma) == 0;
}

void everything_changed(Core& core) {
    core.services().flush_all();
    core.services().context_changed();
}

} // namespace

Faulting<void> write_cr0(Core& core, u64 value) {
    State& state = core.state();
    value = (value & cr0::known) | cr0::et | (value & ~u64{0xffff'ffff});
    const bool pages = (value & cr0::pg) != 0;
    if (value >> 32 != 0 || (pages && (value & cr0::pe) == 0)) return refused();
    if ((value & cr0::nw) != 0 && (value & cr0::cd) == 0) return refused();
    u64 efer_value = state.efer;
    if (changes(state.cr0, value, cr0::pg)) {
        if (pages && (state.efer & efer::lme) != 0) {
            const bool code64 = state.segment(Segment::cs).is(access::long_mode);
            if ((state.cr4 & cr4::pae) == 0 || code64) return refused();
            efer_value |= efer::lma;
        }
        if (!pages) {
            if (core.code64() || (state.cr4 & cr4::pcide) != 0) return refused();
            efer_value &= ~efer::lma;
        }
    }
    if (uses_pdptes(value, state.cr4, efer_value) && changes(state.cr0, value, cr0::pg | cr0::cd | cr0::nw))
        state.pdptes = TRY(core.mmu().read_pdptes(state.cr3));
    const bool affects_paging = changes(state.cr0, value, cr0::pg | cr0::pe);
    state.cr0 = value;
    state.efer = efer_value;
    if (affects_paging)
        everything_changed(core);
    else
        core.services().context_changed();
    return {};
}

Faulting<void> load_machine_status_word(Core& core, u16 value) {
    constexpr u64 loaded = cr0::pe | cr0::mp | cr0::em | cr0::ts;
    const u64 old_value = core.state().cr0;
    return write_cr0(core, (old_value & ~(loaded & ~cr0::pe)) | (value & loaded));
}

Faulting<void> write_cr3(Core& core, u64 value) {
    State& state = core.state();
    const bool identified = (state.cr4 & cr4::pcide) != 0;
    const bool keep = identified && (value & cr3::keep_translations) != 0;
    if (identified) value &= ~cr3::keep_translations;
    if (core.long_mode()) {
        if (value >> physical_address_bits != 0) return refused();
    } else {
        value &= mask(Size::dword);
    }
    if (uses_pdptes(state.cr0, state.cr4, state.efer)) state.pdptes = TRY(core.mmu().read_pdptes(value));
    state.cr3 = value;
    if (!keep) core.services().flush_space(space_of(state));
    core.services().context_changed();
    return {};
}

Faulting<void> write_cr4(Core& core, u64 value, u64 known_bits) {
    State& state = core.state();
    if ((value & ~known_bits) != 0) return refused();
    if (core.long_mode()) {
        if ((value & cr4::pae) == 0 || changes(state.cr4, value, cr4::la57)) return refused();
    }
    const bool enables_pcids = (value & ~state.cr4 & cr4::pcide) != 0;
    if (enables_pcids && (!core.long_mode() || (state.cr3 & cr3::pcid) != 0)) return refused();
    constexpr u64 reloading = cr4::pae | cr4::pge | cr4::pse | cr4::smep;
    if (uses_pdptes(state.cr0, value, state.efer) && changes(state.cr4, value, reloading))
        state.pdptes = TRY(core.mmu().read_pdptes(state.cr3));
    constexpr u64 forgetting = reloading | cr4::pcide | cr4::smap | cr4::la57;
    const bool forgets = changes(state.cr4, value, forgetting);
    state.cr4 = value;
    if ((state.dr7 & dr7::enabled) != 0) arm_breakpoints(core); // DE changes what they mean
    if (forgets)
        everything_changed(core);
    else
        core.services().context_changed();
    return {};
}

Faulting<void> write_xcr0(Core& core, u64 value, Features features) {
    const u64 known = xcr0::x87 | xcr0::sse | (features.contains({Feature::avx}) ? xcr0::avx : 0);
    const bool avx_alone = (value & xcr0::avx) != 0 && (value & xcr0::sse) == 0;
    if ((value & ~known) != 0 || (value & xcr0::x87) == 0 || avx_alone) return refused();
    core.state().xcr0 = value;
    return {};
}

Faulting<void> write_efer(Core& core, u64 value) {
    State& state = core.state();
    constexpr u64 known = efer::sce | efer::lme | efer::lma | efer::nxe;
    if ((value & ~known) != 0) return refused();
    if (changes(state.efer, value, efer::lme) && (state.cr0 & cr0::pg) != 0) return refused();
    value = (value & ~efer::lma) | (state.efer & efer::lma); // LMA follows CR0.PG
    const bool forgets = changes(state.efer, value, efer::nxe);
    state.efer = value;
    if (forgets) everything_changed(core);
    return {};
}

Faulting<void> invalidate_pcid(Core& core, u64 type, u64 pcid, u64 linear_address) {
    enum Scope : u64 { address = 0, one = 1, all_and_global = 2, all = 3 };
    EngineServices& services = core.services();
    const bool identified = (core.state().cr4 & cr4::pcide) != 0;
    if (type > all || (type <= one && (pcid >> 12 != 0 || (!identified && pcid != 0)))) return refused();
    if (type == address) {
        if (!core.canonical(linear_address)) return refused();
        services.flush_page_in_space({linear_address}, identified ? space_of_pcid(pcid) : space_of(core.state()));
    } else if (type == one) {
        services.flush_space(identified ? space_of_pcid(pcid) : space_of(core.state()));
    } else {
        services.flush_all();
    }
    return {};
}

} // namespace orrery::x86
