// Helpers of the system instructions: ports, control registers, descriptor tables, MSRs (SDM 3A 2.8).
#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/control_registers.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/msr.hpp"
#include "cpu/x86/segmentation.hpp"
#include "cpu/x86/tasks.hpp"

namespace orrery::x86 {
namespace {

void put_pair(State& state, u64 value) {
    state.r[gpr::rax] = value & 0xffff'ffff;
    state.r[gpr::rdx] = value >> 32;
}

u64 pair(const State& state) { return state.r[gpr::rdx] << 32 | (state.r[gpr::rax] & 0xffff'ffff); }

// False: a breakpoint is on the port, and the instruction is begun anew, alone.
bool note_port(Core& core, u64 port, u64 size) {
    const u64 found = port_breakpoints(core.state(), static_cast<u16>(port), size);
    if (found == 0) return true;
    if (!core.services().executes_alone()) {
        core.services().execute_alone();
        return false;
    }
    core.state().pending_debug |= found;
    return true;
}

// General detection (SDM 3B 17.2.4): the debug registers are closed to everyone. True: it is raised.
bool detects(Core& core) {
    if ((core.state().dr7 & dr7::general_detect) == 0) return false;
    raise(core, debug_exception(dr6::general_detect));
    return true;
}

} // namespace

namespace helper {

u64 read_port(void* self, u64 port, u64 size, u64) {
    Core& core = core_of(self);
    const auto allowed = may_use_ports(core, static_cast<u16>(port), static_cast<u32>(size));
    if (!allowed) return raise(core, allowed.error());
    if (!note_port(core, port, size)) return 0;
    return core.services().read_port(static_cast<u16>(port), static_cast<Width>(size));
}

u64 write_port(void* self, u64 port, u64 size, u64 value) {
    Core& core = core_of(self);
    const auto allowed = may_use_ports(core, static_cast<u16>(port), static_cast<u32>(size));
    if (!allowed) return raise(core, allowed.error());
    if (!note_port(core, port, size)) return 0;
    core.services().write_port(static_cast<u16>(port), value, static_cast<Width>(size));
    return 0;
}

// SDM 2, CLI and STI; without the virtual interrupts of CR4.VME and PVI.
u64 set_interrupt_flag(void* self, u64 value, u64 goes_on, u64 next) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    State& state = core.state();
    const bool allowed = !core.protected_mode() || core.cpl() <= core.iopl();
    if (!allowed) return raise(core, general_protection());
    const bool were_off = (state.rflags & flag::interrupt) == 0;
    state.rflags = value != 0 ? state.rflags | flag::interrupt : state.rflags & ~u64{flag::interrupt};
    if (value == 0 || !were_off) return 0;
    // The instruction behind an sti that opens is still free of interrupts.
    state.interrupt_shadow = shadow_of_sti;
    if (goes_on == 0 || !processor.wants_attention()) return 0;
    state.pc = next;
    core.services().leave_with_pc_in_state();
    return 0;
}

u64 halt(void* self, u64, u64, u64) {
    core_of(self).state().activity = Activity::halted;
    return 0;
}

u64 read_control(void* self, u64 number, u64, u64) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    const State& state = core.state();
    switch (number) {
    case 0:
        return state.cr0;
    case 2:
        return state.cr2;
    case 3:
        return state.cr3;
    case 4:
        return state.cr4;
    case 8:
        return processor.configuration().interrupts ? processor.configuration().interrupts->task_priority() : 0;
    default:
        return raise(core, exception(vector::ud));
    }
}

u64 write_control(void* self, u64 number, u64 value, u64) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    switch (number) {
    case 0:
        return done(core, write_cr0(core, value));
    case 2:
        core.state().cr2 = value;
        return 0;
    case 3:
        return done(core, write_cr3(core, value));
    case 4:
        return done(core, write_cr4(core, value, known_cr4(processor.configuration().features)));
    case 8:
        if (value > 15) return raise(core, general_protection());
        if (processor.configuration().interrupts)
            processor.core().services().run_waiting(
                [&] { processor.configuration().interrupts->set_task_priority(static_cast<u8>(value)); });
        return 0;
    default:
        return raise(core, exception(vector::ud));
    }
}

namespace {

// SDM 3B 17.2.2: DR4 and DR5 are DR6 and DR7, unless CR4.DE says that there are none.
std::optional<u64> debug_register(const State& state, u64 number) {
    if (number == 4 || number == 5) {
        if ((state.cr4 & cr4::de) != 0) return std::nullopt;
        return number + 2;
    }
    return number;
}

} // namespace

u64 read_debug(void* self, u64 number, u64, u64) {
    Core& core = core_of(self);
    const State& state = core.state();
    const auto meant = debug_register(state, number);
    if (!meant) return raise(core, exception(vector::ud));
    if (detects(core)) return 0;
    return *meant < 4 ? state.dr[*meant] : *meant == 6 ? state.dr6 : state.dr7;
}

u64 write_debug(void* self, u64 number, u64 value, u64) {
    Core& core = core_of(self);
    State& state = core.state();
    const auto meant = debug_register(state, number);
    if (!meant) return raise(core, exception(vector::ud));
    if (detects(core)) return 0;
    if (*meant >= 4 && value >> 32 != 0) return raise(core, general_protection());
    if (*meant < 4)
        state.dr[*meant] = value;
    else if (*meant == 6)
        state.dr6 = (value & dr6::known) | dr6::ones;
    else
        state.dr7 = (value & dr7::known) | dr7::ones;
    if (*meant != 6) arm_breakpoints(core);
    return 0;
}

u64 clear_task_switched(void* self, u64, u64, u64) {
    core_of(self).state().cr0 &= ~cr0::ts;
    return 0;
}

u64 load_status_word(void* self, u64 value, u64, u64) {
    Core& core = core_of(self);
    return done(core, load_machine_status_word(core, static_cast<u16>(value)));
}

u64 table_limit(void* self, u64 table, u64, u64) {
    const State& state = core_of(self).state();
    return table == 0 ? state.gdtr.limit : state.idtr.limit;
}
u64 table_base(void* self, u64 table, u64, u64) {
    const State& state = core_of(self).state();
    return table == 0 ? state.gdtr.base : state.idtr.base;
}
u64 load_table(void* self, u64 table, u64 limit, u64 base) {
    Core& core = core_of(self);
    if (core.code64() && !core.canonical(base)) return raise(core, general_protection());
    (table == 0 ? core.state().gdtr : core.state().idtr) = {base, static_cast<u16>(limit)};
    return 0;
}

u64 system_selector(void* self, u64 which, u64, u64) {
    const State& state = core_of(self).state();
    return which == 0 ? state.ldtr.selector : state.tr.selector;
}
u64 load_system_segment(void* self, u64 which, u64 selector, u64) {
    Core& core = core_of(self);
    return done(core, which == 0 ? load_local_table(core, static_cast<u16>(selector))
                                 : load_task_register(core, static_cast<u16>(selector)));
}

u64 invalidate_page(void* self, u64 address, u64, u64) {
    Core& core = core_of(self);
    if (!core.code64() || core.canonical(address)) core.services().flush_page({address});
    return 0;
}

u64 invalidate_pcid(void* self, u64 type, u64 address, u64) {
    Core& core = core_of(self);
    const auto pcid = core.read(address, 8, explicit_access);
    if (!pcid) return raise(core, pcid.error());
    const auto linear = core.read(address + 8, 8, explicit_access);
    if (!linear) return raise(core, linear.error());
    return done(core, x86::invalidate_pcid(core, type, *pcid, *linear));
}

u64 read_msr(void* self, u64, u64, u64) {
    Processor& processor = processor_of(self);
    State& state = processor.core().state();
    const auto value = x86::read_msr(processor, static_cast<u32>(state.r[gpr::rcx]));
    if (!value) return raise(processor.core(), value.error());
    put_pair(state, *value);
    return 0;
}

u64 write_msr(void* self, u64, u64, u64) {
    Processor& processor = processor_of(self);
    const State& state = processor.core().state();
    return done(processor.core(), x86::write_msr(processor, static_cast<u32>(state.r[gpr::rcx]), pair(state)));
}

u64 read_time_stamp(void* self, u64 with_aux, u64, u64) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    if ((core.state().cr4 & cr4::tsd) != 0 && core.cpl() != 0) return raise(core, general_protection());
    put_pair(core.state(), processor.time_stamp());
    if (with_aux != 0) core.state().r[gpr::rcx] = core.state().tsc_aux;
    return 0;
}

u64 identify(void* self, u64, u64, u64) {
    Processor& processor = processor_of(self);
    auto& r = processor.core().state().r;
    const CpuidAnswer answer = cpuid(processor.identity(), processor.core().state(), static_cast<u32>(r[gpr::rax]),
                                     static_cast<u32>(r[gpr::rcx]));
    r[gpr::rax] = answer.eax;
    r[gpr::rbx] = answer.ebx;
    r[gpr::rcx] = answer.ecx;
    r[gpr::rdx] = answer.edx;
    return 0;
}

namespace {

bool bases_are_open(const Core& core) { return (core.state().cr4 & cr4::fsgsbase) != 0; }

} // namespace

u64 read_segment_base(void* self, u64 segment, u64, u64) {
    Core& core = core_of(self);
    return bases_are_open(core) ? core.state().segments[segment].base : raise(core, exception(vector::ud));
}

u64 write_segment_base(void* self, u64 segment, u64 value, u64) {
    Core& core = core_of(self);
    if (!bases_are_open(core)) return raise(core, exception(vector::ud));
    if (!core.canonical(value)) return raise(core, general_protection());
    core.state().segments[segment].base = value;
    return 0;
}

u64 read_extended_control(void* self, u64, u64, u64) {
    Core& core = core_of(self);
    State& state = core.state();
    if ((state.cr4 & cr4::osxsave) == 0) return raise(core, exception(vector::ud));
    if (static_cast<u32>(state.r[gpr::rcx]) != 0) return raise(core, general_protection());
    put_pair(state, state.xcr0);
    return 0;
}

u64 write_extended_control(void* self, u64, u64, u64) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    const State& state = core.state();
    if ((state.cr4 & cr4::osxsave) == 0) return raise(core, exception(vector::ud));
    if (static_cast<u32>(state.r[gpr::rcx]) != 0) return raise(core, general_protection());
    return done(core, write_xcr0(core, pair(state), processor.configuration().features));
}

u64 set_alignment_check(void* self, u64 value, u64, u64) {
    Core& core = core_of(self);
    State& state = core.state();
    state.rflags = value != 0 ? state.rflags | flag::alignment_check : state.rflags & ~u64{flag::alignment_check};
    core.services().context_changed();
    return 0;
}

u64 see_descriptor(void* self, u64 selector, u64 why, u64) {
    Core& core = core_of(self);
    const auto visibility = static_cast<Visibility>(why);
    const auto seen = visible_descriptor(core, static_cast<u16>(selector), visibility);
    if (!seen) return raise(core, seen.error());
    const u64 flags = arithmetic_flags(core.state().lazy) & ~u64{flag::zero};
    core.state().lazy = {flag_kind(FlagOperation::image, 0), 0, flags | (*seen ? flag::zero : 0)};
    if (!*seen) return 0;
    constexpr u64 rights_in_place = 0x00ff'ff00; // of the upper half (SDM 2, LAR)
    return visibility == Visibility::limit ? (*seen)->limit() : (*seen)->value >> 32 & rights_in_place;
}

u64 forbid_user_mode(void* self, u64, u64, u64) {
    Core& core = core_of(self);
    const bool forbidden = (core.state().cr4 & cr4::umip) != 0 && core.cpl() != 0;
    return forbidden ? raise(core, general_protection()) : 0;
}

// SDM 2, RDRAND
u64 random(void* self, u64 size, u64, u64) {
    Processor& processor = processor_of(self);
    const auto& source = processor.configuration().random;
    processor.core().state().lazy = {flag_kind(FlagOperation::image, 0), 0, source ? flag::carry : 0};
    return source ? source() & mask(static_cast<Size>(size)) : 0;
}

} // namespace helper
} // namespace orrery::x86
