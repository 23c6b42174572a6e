#include "accel/kvm/x86/state_transfer.hpp"

#include <array>
#include <atomic>
#include <cstring>

#include "accel/kvm/x86/saved_area.hpp"
#include "cpu/x86/feature.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/segmentation.hpp"

namespace orrery::kvm {
namespace {

using x86::Segment;
using x86::SegmentCache;
using x86::State;

kvm_segment segment_of(const SegmentCache& cache) {
    kvm_segment segment{};
    segment.base = cache.base;
    segment.limit = cache.limit;
    segment.selector = cache.selector;
    segment.type = cache.rights & x86::access::type;
    segment.s = cache.is(x86::access::code_or_data);
    segment.dpl = static_cast<u8>(cache.dpl());
    segment.present = cache.present();
    segment.avl = cache.is(x86::access::available);
    segment.l = cache.is(x86::access::long_mode);
    segment.db = cache.is(x86::access::big);
    segment.g = cache.limit > 0xf'ffff || cache.is(x86::access::granular);
    segment.unusable = !cache.present();
    return segment;
}

SegmentCache cache_of(const kvm_segment& segment) {
    using namespace x86::access;
    SegmentCache cache{segment.base, segment.limit, segment.selector, 0};
    if (segment.unusable || !segment.present) return cache;
    const auto bit = [](bool set, u16 value) { return set ? value : u16{0}; };
    cache.rights = static_cast<u16>((segment.type & type) | bit(segment.s, code_or_data) |
                                    (segment.dpl & 3) << dpl_low | present | bit(segment.avl, available) |
                                    bit(segment.l, long_mode) | bit(segment.db, big) | bit(segment.g, granular));
    return cache;
}

// 64-bit code runs with a null SS, too, in which the privilege stands all the same (see Core::cpl()).
SegmentCache stack_cache_of(const kvm_segment& segment) {
    SegmentCache cache = cache_of(segment);
    if (cache.present()) return cache;
    cache = x86::null_stack_segment(segment.dpl & 3);
    cache.selector = segment.selector;
    return cache;
}

kvm_dtable table_of(const x86::DescriptorTable& table) {
    kvm_dtable descriptor{};
    descriptor.base = table.base;
    descriptor.limit = table.limit;
    return descriptor;
}

struct PlacedSegment {
    Segment name;
    kvm_segment kvm_sregs::* place;
};
constexpr PlacedSegment placed_segments[] = {{Segment::es, &kvm_sregs::es},
                                             {Segment::cs, &kvm_sregs::cs},
                                             {Segment::ds, &kvm_sregs::ds},
                                             {Segment::fs, &kvm_sregs::fs},
                                             {Segment::gs, &kvm_sregs::gs}};

struct PlacedRegister {
    u32 number; // as x86::State::r counts
    __u64 kvm_regs::* place;
};
constexpr PlacedRegister placed_registers[] = {
    {0, &kvm_regs::rax},  {1, &kvm_regs::rcx},  {2, &kvm_regs::rdx},  {3, &kvm_regs::rbx},
    {4, &kvm_regs::rsp},  {5, &kvm_regs::rbp},  {6, &kvm_regs::rsi},  {7, &kvm_regs::rdi},
    {8, &kvm_regs::r8},   {9, &kvm_regs::r9},   {10, &kvm_regs::r10}, {11, &kvm_regs::r11},
    {12, &kvm_regs::r12}, {13, &kvm_regs::r13}, {14, &kvm_regs::r14}, {15, &kvm_regs::r15},
};

struct PlacedMsr {
    u32 index;
    u64 State::* place;
};
constexpr PlacedMsr placed_msrs[] = {
    {0xc000'0081, &State::star},   {0xc000'0082, &State::lstar},          {0xc000'0083, &State::cstar},
    {0xc000'0084, &State::sfmask}, {0xc000'0102, &State::kernel_gs_base}, {0x174, &State::sysenter_cs},
    {0x175, &State::sysenter_esp}, {0x176, &State::sysenter_eip},
};
constexpr PlacedMsr tsc_aux{0xc000'0103, &State::tsc_aux};

constexpr u8 shadow_of_mov_ss = 1, shadow_of_sti = 2; // KVM_X86_SHADOW_INT_…

// What CR3's load has read, which KVM keeps for itself (SDM 3A 4.4.1).
void read_pdptes(State& state, const AddressSpace& memory) {
    const bool pae = (state.cr0 & x86::cr0::pg) && (state.cr4 & x86::cr4::pae) && !(state.efer & x86::efer::lma);
    if (!pae) return;
    std::array<u8, sizeof state.pdptes> bytes{};
    if (memory.read_memory({state.cr3 & 0xffff'ffe0}, bytes))
        std::memcpy(state.pdptes.data(), bytes.data(), bytes.size());
}

// The same bytes: these structures are made whole of zeros, and have no gaps.
template <typename T> bool same(const std::optional<T>& known, const T& value) {
    return known && std::memcmp(&*known, &value, sizeof value) == 0;
}

kvm_regs general_of(const x86::Core& core) {
    const State& state = core.state();
    kvm_regs general{};
    for (const PlacedRegister& each : placed_registers) general.*each.place = state.r[each.number];
    general.rip = core.rip();
    general.rflags = x86::current_flags(state);
    return general;
}

void take_general(const kvm_regs& general, x86::Core& core) {
    for (const PlacedRegister& each : placed_registers) core.state().r[each.number] = general.*each.place;
    x86::set_flags(core.state(), general.rflags);
    core.set_rip(general.rip);
}

void take_system(const kvm_sregs& system, State& state) {
    for (const PlacedSegment& each : placed_segments) state.segment(each.name) = cache_of(system.*each.place);
    state.segment(Segment::ss) = stack_cache_of(system.ss);
    state.ldtr = cache_of(system.ldt);
    state.tr = cache_of(system.tr);
    state.gdtr = {system.gdt.base, system.gdt.limit};
    state.idtr = {system.idt.base, system.idt.limit};
    state.cr0 = system.cr0;
    state.cr2 = system.cr2;
    state.cr3 = system.cr3;
    state.cr4 = system.cr4;
    state.efer = system.efer;
}

kvm_debugregs debug_of(const State& state) {
    kvm_debugregs debug{};
    for (std::size_t i = 0; i < state.dr.size(); ++i) debug.db[i] = state.dr[i];
    debug.dr6 = state.dr6;
    debug.dr7 = state.dr7;
    return debug;
}

kvm_vcpu_events events_of(const State& state) {
    kvm_vcpu_events events{};
    events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
    events.interrupt.shadow = state.interrupt_shadow != 0 ? shadow_of_sti : 0;
    events.nmi.masked = state.nmi_blocked;
    return events;
}

Status give_by_requests(const Vcpu& vcpu, const kvm_sync_regs& registers) {
    TRY_STATUS(vcpu.file().ask(KVM_SET_SREGS, registers.sregs, "KVM_SET_SREGS"));
    TRY_STATUS(vcpu.file().ask(KVM_SET_REGS, registers.regs, "KVM_SET_REGS"));
    return vcpu.file().ask(KVM_SET_VCPU_EVENTS, registers.events, "KVM_SET_VCPU_EVENTS");
}

std::optional<PendingEvent> take_events(const kvm_vcpu_events& events, State& state) {
    using Kind = PendingEvent::Kind;
    state.interrupt_shadow = (events.interrupt.shadow & (shadow_of_mov_ss | shadow_of_sti)) != 0;
    state.nmi_blocked = events.nmi.masked != 0;
    if (events.nmi.pending != 0) std::atomic_ref(state.events).fetch_or(x86::event::nmi);
    std::optional<PendingEvent> pending;
    if (events.exception.injected || events.exception.pending) {
        pending = {.kind = Kind::exception, .vector = events.exception.nr, .error_code = {}};
        if (events.exception.has_error_code) pending->error_code = events.exception.error_code;
    } else if (events.nmi.injected) {
        pending = {.kind = Kind::nmi, .vector = x86::vector::nmi, .error_code = {}};
    } else if (events.interrupt.injected) {
        pending = {.kind = events.interrupt.soft ? Kind::software_interrupt : Kind::interrupt,
                   .vector = events.interrupt.nr,
                   .error_code = {}};
    }
    return pending;
}

} // namespace

Result<StateTransfer> StateTransfer::create(const VirtualMachine& machine, Vcpu& vcpu, x86::Features features) {
    StateTransfer transfer;
    transfer.has_xcr0_ = features.contains({x86::Feature::xsave}) && machine.capability(KVM_CAP_XCRS) != 0;
    transfer.has_tsc_aux_ = features.contains({x86::Feature::rdtscp});
    const u64 groups = static_cast<u64>(machine.capability(KVM_CAP_SYNC_REGS)) & KVM_SYNC_X86_VALID_FIELDS;
    transfer.shares_registers_ = groups == KVM_SYNC_X86_VALID_FIELDS;
    if (transfer.shares_registers_) vcpu.show_registers(groups);
    kvm_sregs system{};
    TRY_STATUS(vcpu.file().ask(KVM_GET_SREGS, system, "KVM_GET_SREGS"));
    transfer.apic_base_ = system.apic_base;
    TRY_STATUS(vcpu.file().ask(request::get_xsave, transfer.xsave_, "KVM_GET_XSAVE"));
    return transfer;
}

Status StateTransfer::give(Vcpu& vcpu, const x86::Core& core, u8 task_priority) {
    const State& state = core.state();
    TRY_STATUS(give_floating(vcpu, state));
    TRY_STATUS(give_debug(vcpu, state));
    TRY_STATUS(give_msrs(vcpu, state));
    return give_shared(
        vcpu, {.regs = general_of(core), .sregs = system_of(state, task_priority), .events = events_of(state)});
}

Status StateTransfer::give_shared(Vcpu& vcpu, const kvm_sync_regs& registers) {
    if (shares_registers_) {
        vcpu.shared().s.regs = registers;
        vcpu.shared().kvm_dirty_regs = KVM_SYNC_X86_VALID_FIELDS;
        return {};
    }
    return give_by_requests(vcpu, registers);
}

// A run that ends before it begins may take nothing of what is shared, and yet write over it: so does that of a vCPU
// which waits for its start-up message.
Status StateTransfer::settle(Vcpu& vcpu) {
    if (std::exchange(vcpu.shared().kvm_dirty_regs, 0) == 0) return {};
    return give_by_requests(vcpu, vcpu.shared().s.regs);
}

// Shared events that KVM hasn't read yet take the place of those it has.
Status StateTransfer::give_nmi(Vcpu& vcpu) {
    if (vcpu.shared().kvm_dirty_regs & KVM_SYNC_X86_EVENTS) {
        vcpu.shared().s.regs.events.nmi.pending = 1;
        return {};
    }
    TRY(vcpu.file().number_of(KVM_NMI, 0, "KVM_NMI"));
    return {};
}

Result<std::optional<PendingEvent>> StateTransfer::take(Vcpu& vcpu, x86::Core& core, AddressSpace& memory) {
    State& state = core.state();
    const kvm_sync_regs registers = TRY(take_shared(vcpu));
    take_system(registers.sregs, state);
    take_general(registers.regs, core);
    TRY_STATUS(take_floating(vcpu, state));
    TRY_STATUS(take_debug(vcpu, state));
    TRY_STATUS(take_msrs(vcpu, state));
    read_pdptes(state, memory);
    return take_events(registers.events, state);
}

// One request for three: a run that ends before it begins shows the registers.
Result<kvm_sync_regs> StateTransfer::take_shared(Vcpu& vcpu) {
    TRY_STATUS(settle(vcpu));
    if (shares_registers_ && !vcpu.registers_are_shown()) vcpu.finish_instruction();
    if (vcpu.registers_are_shown()) return vcpu.shared().s.regs;
    kvm_sync_regs registers{};
    TRY_STATUS(vcpu.file().ask(KVM_GET_SREGS, registers.sregs, "KVM_GET_SREGS"));
    TRY_STATUS(vcpu.file().ask(KVM_GET_REGS, registers.regs, "KVM_GET_REGS"));
    TRY_STATUS(vcpu.file().ask(KVM_GET_VCPU_EVENTS, registers.events, "KVM_GET_VCPU_EVENTS"));
    return registers;
}

kvm_sregs StateTransfer::system_of(const State& state, u8 task_priority) const {
    kvm_sregs system{};
    for (const PlacedSegment& each : placed_segments) system.*each.place = segment_of(state.segment(each.name));
    system.ss = segment_of(state.segment(Segment::ss));
    system.ldt = segment_of(state.ldtr);
    system.tr = segment_of(state.tr);
    system.gdt = table_of(state.gdtr);
    system.idt = table_of(state.idtr);
    system.cr0 = state.cr0;
    system.cr2 = state.cr2;
    system.cr3 = state.cr3;
    system.cr4 = state.cr4;
    system.cr8 = task_priority;
    system.efer = state.efer;
    system.apic_base = apic_base_;
    return system;
}

Status StateTransfer::give_floating(const Vcpu& vcpu, const State& state) {
    if (has_xcr0_ && known_xcr0_ != state.xcr0) {
        kvm_xcrs registers{};
        registers.nr_xcrs = 1;
        registers.xcrs[0].value = state.xcr0;
        TRY_STATUS(vcpu.file().ask(KVM_SET_XCRS, registers, "KVM_SET_XCRS"));
        known_xcr0_ = state.xcr0;
    }
    put_saved_area(xsave_.bytes, state);
    if (same(known_xsave_, xsave_)) return {};
    TRY_STATUS(vcpu.file().ask(request::set_xsave, xsave_, "KVM_SET_XSAVE"));
    known_xsave_ = xsave_;
    return {};
}

Status StateTransfer::take_floating(const Vcpu& vcpu, State& state) {
    if (has_xcr0_) {
        kvm_xcrs registers{};
        TRY_STATUS(vcpu.file().ask(KVM_GET_XCRS, registers, "KVM_GET_XCRS"));
        if (registers.nr_xcrs > 0) state.xcr0 = registers.xcrs[0].value;
        known_xcr0_ = state.xcr0;
    }
    TRY_STATUS(vcpu.file().ask(request::get_xsave, xsave_, "KVM_GET_XSAVE"));
    take_saved_area(xsave_.bytes, state);
    known_xsave_ = xsave_;
    put_saved_area(known_xsave_->bytes, state); // KVM may have written the same in another way
    return {};
}

Status StateTransfer::give_debug(const Vcpu& vcpu, const State& state) {
    const kvm_debugregs debug = debug_of(state);
    if (same(known_debug_, debug)) return {};
    TRY_STATUS(vcpu.file().ask(KVM_SET_DEBUGREGS, debug, "KVM_SET_DEBUGREGS"));
    known_debug_ = debug;
    return {};
}

Status StateTransfer::take_debug(const Vcpu& vcpu, State& state) {
    kvm_debugregs debug{};
    TRY_STATUS(vcpu.file().ask(KVM_GET_DEBUGREGS, debug, "KVM_GET_DEBUGREGS"));
    for (std::size_t i = 0; i < state.dr.size(); ++i) state.dr[i] = debug.db[i];
    state.dr6 = debug.dr6;
    state.dr7 = debug.dr7;
    known_debug_ = debug_of(state);
    return {};
}

Status StateTransfer::give_msrs(const Vcpu& vcpu, const State& state) {
    msrs_.clear();
    for (const PlacedMsr& each : placed_msrs) msrs_.add(each.index, state.*each.place);
    if (has_tsc_aux_) msrs_.add(tsc_aux.index, state.tsc_aux);
    if (msrs_ == known_msrs_) return {};
    TRY_STATUS(msrs_.write(vcpu));
    known_msrs_ = msrs_;
    return {};
}

Status StateTransfer::take_msrs(const Vcpu& vcpu, State& state) {
    msrs_.clear();
    for (const PlacedMsr& each : placed_msrs) msrs_.add(each.index);
    if (has_tsc_aux_) msrs_.add(tsc_aux.index);
    TRY_STATUS(msrs_.read(vcpu));
    std::size_t at = 0;
    for (const PlacedMsr& each : placed_msrs) state.*each.place = msrs_.entries()[at++].data;
    if (has_tsc_aux_) state.tsc_aux = msrs_.entries()[at].data;
    known_msrs_ = msrs_;
    return {};
}

} // namespace orrery::kvm
