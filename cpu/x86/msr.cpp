#include "cpu/x86/msr.hpp"

#include "cpu/x86/control_registers.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::x86 {
namespace {

// By the names of SDM 4, table 2-2.
namespace msr {
inline constexpr u32 time_stamp_counter = 0x10;
inline constexpr u32 platform_id = 0x17;
inline constexpr u32 apic_base = 0x1b;
inline constexpr u32 feature_control = 0x3a;
inline constexpr u32 tsc_adjust = 0x3b;
inline constexpr u32 spec_ctrl = 0x48;
inline constexpr u32 pred_cmd = 0x49;
inline constexpr u32 bios_sign_id = 0x8b;
inline constexpr u32 mtrrcap = 0xfe;
inline constexpr u32 arch_capabilities = 0x10a;
inline constexpr u32 sysenter_cs = 0x174;
inline constexpr u32 sysenter_esp = 0x175;
inline constexpr u32 sysenter_eip = 0x176;
inline constexpr u32 mcg_cap = 0x179;
inline constexpr u32 mcg_status = 0x17a;
inline constexpr u32 misc_enable = 0x1a0;
inline constexpr u32 debugctl = 0x1d9;
inline constexpr u32 mtrr_physbase0 = 0x200;
inline constexpr u32 mtrr_fix64k = 0x250;
inline constexpr u32 mtrr_fix16k = 0x258;
inline constexpr u32 mtrr_fix4k = 0x268;
inline constexpr u32 pat = 0x277;
inline constexpr u32 mtrr_def_type = 0x2ff;
inline constexpr u32 tsc_deadline = 0x6e0;
inline constexpr u32 x2apic_first = 0x800;
inline constexpr u32 x2apic_last = 0x8ff;
inline constexpr u32 efer = 0xc000'0080;
inline constexpr u32 star = 0xc000'0081;
inline constexpr u32 lstar = 0xc000'0082;
inline constexpr u32 cstar = 0xc000'0083;
inline constexpr u32 fmask = 0xc000'0084;
inline constexpr u32 fs_base = 0xc000'0100;
inline constexpr u32 gs_base = 0xc000'0101;
inline constexpr u32 kernel_gs_base = 0xc000'0102;
inline constexpr u32 tsc_aux = 0xc000'0103;
} // namespace msr

std::unexpected<Fault> refused() { return std::unexpected(general_protection()); }

bool belongs_to_apic(u32 index) {
    return index == msr::apic_base || index == msr::tsc_deadline ||
           (index >= msr::x2apic_first && index <= msr::x2apic_last);
}

ParavirtualClock* clock_of(const Processor& processor, u32 index) {
    return belongs_to_paravirtual_clock(index) ? processor.configuration().paravirtual_clock : nullptr;
}

// The fixed-range MTRRs stand in three places.
std::optional<std::size_t> fixed_mtrr(u32 index) {
    if (index == msr::mtrr_fix64k) return 0;
    if (index - msr::mtrr_fix16k < 2) return 1 + (index - msr::mtrr_fix16k);
    if (index - msr::mtrr_fix4k < 8) return 3 + (index - msr::mtrr_fix4k);
    return std::nullopt;
}

// A register of which every value is allowed and has no effect but on who reads it.
u64* plain_register(State& state, u32 index) {
    switch (index) {
    case msr::sysenter_cs:
        return &state.sysenter_cs;
    case msr::star:
        return &state.star;
    case msr::cstar:
        return &state.cstar;
    case msr::fmask:
        return &state.sfmask;
    case msr::misc_enable:
        return &state.misc_enable;
    case msr::spec_ctrl:
        return &state.spec_ctrl;
    case msr::mtrr_def_type:
        return &state.mtrrs.default_type;
    default:
        break;
    }
    const u32 variable = index - msr::mtrr_physbase0;
    if (variable < 2 * Mtrrs::variable_count)
        return variable % 2 == 0 ? &state.mtrrs.base[variable / 2] : &state.mtrrs.mask[variable / 2];
    const auto fixed = fixed_mtrr(index);
    return fixed ? &state.mtrrs.fixed[*fixed] : nullptr;
}

// Holds an address, which must be canonical.
u64* address_register(State& state, u32 index) {
    switch (index) {
    case msr::sysenter_esp:
        return &state.sysenter_esp;
    case msr::sysenter_eip:
        return &state.sysenter_eip;
    case msr::lstar:
        return &state.lstar;
    case msr::fs_base:
        return &state.segment(Segment::fs).base;
    case msr::gs_base:
        return &state.segment(Segment::gs).base;
    case msr::kernel_gs_base:
        return &state.kernel_gs_base;
    default:
        return nullptr;
    }
}

std::optional<u64> constant_register(u32 index) {
    constexpr u64 locked = 1;
    constexpr u64 fixed_ranges = 1 << 8, write_combining = 1 << 10;
    switch (index) {
    case msr::feature_control:
        return locked;
    case msr::bios_sign_id:
        return u64{1} << 32;
    case msr::mtrrcap:
        return Mtrrs::variable_count | fixed_ranges | write_combining;
    case msr::arch_capabilities:
        return arch_capabilities;
    case msr::platform_id: // the first of its kind
    case msr::mcg_cap: // no banks
    case msr::mcg_status:
    case msr::debugctl:
        return 0;
    default:
        return std::nullopt;
    }
}

// SDM 3A 11.12.4: eight memory types.
bool is_page_attribute_table(u64 value) {
    for (u32 i = 0; i < 8; ++i) {
        const u64 type = value >> (8 * i) & 0xff;
        if (type > 7 || type == 2 || type == 3) return false;
    }
    return true;
}

} // namespace

Faulting<u64> read_msr(Processor& processor, u32 index) {
    State& state = processor.core().state();
    if (belongs_to_apic(index)) {
        LocalInterrupts* apic = processor.configuration().interrupts;
        std::optional<u64> value;
        if (apic) processor.core().services().run_waiting([&] { value = apic->read_msr(index); });
        if (!value) return refused();
        return *value;
    }
    if (ParavirtualClock* clock = clock_of(processor, index)) {
        u64 value = 0;
        processor.core().services().run_waiting(
            [&] { value = clock->read_msr(processor.configuration().apic_id, index); });
        return value;
    }
    if (const u64* plain = plain_register(state, index)) return *plain;
    if (const u64* address = address_register(state, index)) return *address;
    if (const auto constant = constant_register(index)) return *constant;
    switch (index) {
    case msr::time_stamp_counter:
        return processor.time_stamp();
    case msr::tsc_adjust:
        return state.tsc_adjust;
    case msr::pat:
        return state.pat;
    case msr::efer:
        return state.efer;
    case msr::tsc_aux:
        return state.tsc_aux;
    default:
        return refused();
    }
}

Faulting<void> write_msr(Processor& processor, u32 index, u64 value) {
    Core& core = processor.core();
    State& state = core.state();
    if (belongs_to_apic(index)) {
        LocalInterrupts* apic = processor.configuration().interrupts;
        bool taken = false;
        if (apic) core.services().run_waiting([&] { taken = apic->write_msr(index, value); });
        if (!taken) return refused();
        if (index == msr::apic_base) core.services().flush_all(); // its page may have moved
        return {};
    }
    if (ParavirtualClock* clock = clock_of(processor, index)) {
        core.services().run_waiting([&] { clock->write_msr(processor.configuration().apic_id, index, value); });
        return {};
    }
    if (u64* plain = plain_register(state, index)) {
        *plain = value;
        return {};
    }
    if (u64* address = address_register(state, index)) {
        if (!core.canonical(value)) return refused();
        *address = value;
        return {};
    }
    switch (index) {
    case msr::time_stamp_counter: {
        const u64 forward = value - processor.time_stamp();
        state.tsc_adjust += forward; // SDM 3B 18.17.3
        processor.set_tsc_offset(state.tsc_offset + forward);
        return {};
    }
    case msr::tsc_adjust:
        processor.set_tsc_offset(state.tsc_offset + (value - state.tsc_adjust));
        state.tsc_adjust = value;
        return {};
    case msr::pat:
        if (!is_page_attribute_table(value)) return refused();
        state.pat = value;
        return {};
    case msr::efer:
        return write_efer(core, value);
    case msr::tsc_aux:
        if (value >> 32 != 0) return refused();
        state.tsc_aux = value;
        return {};
    case msr::bios_sign_id: // asks for the number, which is always there
    case msr::pred_cmd:
    case msr::debugctl:
    case msr::mcg_status:
        return {};
    default:
        return refused();
    }
}

} // namespace orrery::x86
