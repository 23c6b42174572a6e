#include "cpu/x86/interrupts.hpp"

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/stack.hpp"
#include "cpu/x86/tasks.hpp"

namespace orrery::x86 {
namespace {

bool is_software(EventKind kind) { return kind == EventKind::software || kind == EventKind::software_exception; }

// EXT is set where no instruction asked for the event (SDM 3A 6.13).
u32 external_bit(EventKind kind) {
    return kind == EventKind::exception || kind == EventKind::external || kind == EventKind::privileged_software ? 1
                                                                                                                 : 0;
}

// The flags as they are pushed: a fault's handler returns to an instruction that breakpoints must not stop again, but
// for the fault that is a breakpoint (SDM 3B 17.3.1.1).
u64 pushed_flags(const Core& core, const Event& event) {
    const u64 flags = current_flags(core.state());
    const bool is_class_fault = event.vector != vector::db && event.vector != vector::df;
    const bool is_fault = event.kind == EventKind::exception && (is_class_fault || event.general_detect);
    return is_fault ? flags | flag::resume : flags;
}

// SDM 3A 21.1.4, in real-address mode
Faulting<void> deliver_real(Core& core, const Event& event) {
    State& state = core.state();
    const u32 offset = u32{event.vector} * 4;
    if (offset + 3 > state.idtr.limit) return std::unexpected(general_protection());
    const u64 target = TRY(core.read(state.idtr.base + offset, 4));
    Stack stack(core);
    TRY_STATUS(stack.push(current_flags(state), Size::word));
    TRY_STATUS(stack.push(state.segment(Segment::cs).selector, Size::word));
    TRY_STATUS(stack.push(event.return_rip, Size::word));
    stack.commit();
    state.rflags &= ~(flag::interrupt | flag::trap | flag::alignment_check | flag::resume);
    load_paragraph(core, Segment::cs, static_cast<u16>(target >> 16));
    core.set_rip(target & 0xffff);
    return {};
}

struct Gate {
    Descriptor descriptor;
    u32 upper_offset = 0;
    u32 error_code = 0; // that blames the gate

    [[nodiscard]] SystemType type() const { return descriptor.system_type(); }
    [[nodiscard]] bool closes_interrupts() const {
        return type() == SystemType::interrupt_gate || type() == SystemType::interrupt_gate16;
    }
    [[nodiscard]] Size operand_size(bool long_mode) const {
        if (long_mode) return Size::qword;
        return type() == SystemType::interrupt_gate || type() == SystemType::trap_gate ? Size::dword : Size::word;
    }
    [[nodiscard]] u64 offset(Size size) const {
        return size == Size::word ? descriptor.gate_offset() & 0xffff
                                  : descriptor.gate_offset() | u64{upper_offset} << 32;
    }
};

// SDM 3A 6.11, 6.14.1
Faulting<Gate> read_gate(Core& core, const Event& event) {
    const bool long_mode = core.long_mode();
    const u32 size = long_mode ? 16 : 8;
    const u32 offset = event.vector * size;
    Gate gate;
    gate.error_code = u32{event.vector} << 3 | 2 | external_bit(event.kind);
    const Fault fault = general_protection(gate.error_code);
    if (offset + size - 1 > core.state().idtr.limit) return std::unexpected(fault);
    gate.descriptor = {TRY(core.read(core.state().idtr.base + offset, 8))};
    if (long_mode) gate.upper_offset = static_cast<u32>(TRY(core.read(core.state().idtr.base + offset + 8, 8)));
    if (gate.descriptor.is_code_or_data() || !is_interrupt_gate(gate.type(), long_mode)) return std::unexpected(fault);
    if (is_software(event.kind) && gate.descriptor.dpl() < core.cpl()) return std::unexpected(fault);
    if (!gate.descriptor.present()) return std::unexpected(exception(vector::np, gate.error_code));
    return gate;
}

// The code segment that a gate leads to, with the privilege that the handler runs at.
struct Handler {
    SegmentCache code;
    u32 privilege = 0;
};

Faulting<Handler> handler_of(Core& core, const Gate& gate, u32 external) {
    const u16 selector = gate.descriptor.gate_selector();
    if (selector::is_null(selector)) return std::unexpected(general_protection(external));
    const u32 error_code = selector_error(selector, external);
    const TableEntry entry = TRY(read_descriptor(core, selector, vector::gp, external));
    const Descriptor& descriptor = entry.descriptor;
    if (!descriptor.is_code() || descriptor.dpl() > core.cpl()) return std::unexpected(general_protection(error_code));
    const bool code64 = descriptor.is(access::long_mode) && !descriptor.is(access::big);
    if (core.long_mode() && !code64) return std::unexpected(general_protection(error_code));
    if (!descriptor.present()) return std::unexpected(exception(vector::np, error_code));
    const u32 privilege = descriptor.is(access::conforming) ? core.cpl() : descriptor.dpl();
    // Virtual-8086 mode is left for privilege 0 alone (SDM 3A 21.3.1.1).
    if (core.virtual_8086() && privilege != 0) return std::unexpected(general_protection(error_code));
    Handler handler{TRY(mark_accessed(core, entry)).segment(selector), privilege};
    handler.code.selector = static_cast<u16>((selector & ~selector::rpl) | privilege);
    return handler;
}

void enter(Core& core, const Gate& gate, const Handler& handler, u64 rip, const SegmentCache& stack_segment) {
    State& state = core.state();
    state.rflags &= ~(flag::trap | flag::nested_task | flag::resume | flag::virtual_8086);
    if (gate.closes_interrupts()) state.rflags &= ~flag::interrupt;
    state.segment(Segment::ss) = stack_segment;
    state.segment(Segment::cs) = handler.code;
    core.set_rip(rip);
}

// SDM 3A 6.14.2–6.14.5
Faulting<void> deliver_64(Core& core, const Event& event, const Gate& gate, const Handler& handler) {
    State& state = core.state();
    const u64 rip = gate.offset(Size::qword);
    if (!core.canonical(rip)) return std::unexpected(general_protection(external_bit(event.kind)));
    const bool inward = handler.privilege < core.cpl();
    const u32 ist = gate.descriptor.gate_stack();
    u64 pointer = state.r[gpr::rsp];
    if (ist != 0)
        pointer = TRY(stack_in_task_64(core, ist + 3, external_bit(event.kind)));
    else if (inward)
        pointer = TRY(stack_in_task_64(core, handler.privilege, external_bit(event.kind)));
    const bool supervisor = handler.privilege < 3;
    Stack stack(core, {}, pointer & ~u64{15}, Size::qword, supervisor ? inner_stack_access : explicit_access);
    const SegmentCache& old_stack = state.segment(Segment::ss);
    TRY_STATUS(stack.push(old_stack.selector, Size::qword));
    TRY_STATUS(stack.push(state.r[gpr::rsp], Size::qword));
    TRY_STATUS(stack.push(pushed_flags(core, event), Size::qword));
    TRY_STATUS(stack.push(state.segment(Segment::cs).selector, Size::qword));
    TRY_STATUS(stack.push(event.return_rip, Size::qword));
    if (event.error_code) TRY_STATUS(stack.push(*event.error_code, Size::qword));
    stack.commit();
    const SegmentCache new_stack = inward ? null_stack_segment(handler.privilege) : old_stack;
    enter(core, gate, handler, rip, new_stack);
    return {};
}

Faulting<void> push_frame(Core& core, const Event& event, Stack& stack, Size size) {
    TRY_STATUS(stack.push(pushed_flags(core, event), size));
    TRY_STATUS(stack.push(core.state().segment(Segment::cs).selector, size));
    TRY_STATUS(stack.push(event.return_rip, size));
    if (event.error_code) TRY_STATUS(stack.push(*event.error_code, size));
    return {};
}

Faulting<void> deliver_outside_64(Core& core, const Event& event, const Gate& gate, const Handler& handler) {
    State& state = core.state();
    const Size size = gate.operand_size(false);
    const u64 rip = gate.offset(size);
    if (!within_limit(handler.code, rip, 1)) return std::unexpected(general_protection(external_bit(event.kind)));
    if (handler.privilege == core.cpl() && !core.virtual_8086()) {
        Stack stack(core);
        TRY_STATUS(push_frame(core, event, stack, size));
        stack.commit();
        enter(core, gate, handler, rip, state.segment(Segment::ss));
        return {};
    }
    const u32 external = external_bit(event.kind);
    const TaskStack place = TRY(stack_in_task(core, handler.privilege, external));
    const SegmentCache new_stack = TRY(stack_segment(core, place.selector, handler.privilege, vector::ts, external));
    Stack stack(core, new_stack, place.pointer, new_stack.is(access::big) ? Size::dword : Size::word,
                inner_stack_access, selector_error(place.selector, external));
    const bool from_8086 = core.virtual_8086();
    if (from_8086)
        for (const Segment name : {Segment::gs, Segment::fs, Segment::ds, Segment::es})
            TRY_STATUS(stack.push(state.segment(name).selector, size));
    TRY_STATUS(stack.push(state.segment(Segment::ss).selector, size));
    TRY_STATUS(stack.push(state.r[gpr::rsp], size));
    TRY_STATUS(push_frame(core, event, stack, size));
    stack.commit();
    if (from_8086)
        for (const Segment name : {Segment::gs, Segment::fs, Segment::ds, Segment::es}) state.segment(name) = {};
    enter(core, gate, handler, rip, new_stack);
    return {};
}

// int n in virtual-8086 mode needs IOPL 3 (SDM 3A 21.3.3.1; without the extensions of CR4.VME).
bool forbidden_in_8086(const Core& core, const Event& event) {
    return core.virtual_8086() && event.kind == EventKind::software && core.iopl() < 3;
}

// The classes of table 6-5.
bool is_contributory(u8 vector) {
    return vector == vector::de || vector == vector::ts || vector == vector::np || vector == vector::ss ||
           vector == vector::gp;
}

bool becomes_double_fault(u8 first, u8 second) {
    if (is_contributory(first)) return is_contributory(second);
    return first == vector::pf && (is_contributory(second) || second == vector::pf);
}

bool becomes_shutdown(u8 first, u8 second) {
    return first == vector::df && (is_contributory(second) || second == vector::pf || second == vector::df);
}

} // namespace

bool is_interrupt_gate(SystemType type, bool long_mode) {
    switch (type) {
    case SystemType::interrupt_gate:
    case SystemType::trap_gate:
        return true;
    case SystemType::task_gate:
    case SystemType::interrupt_gate16:
    case SystemType::trap_gate16:
        return !long_mode;
    default:
        return false;
    }
}

Faulting<void> deliver(Core& core, const Event& event) {
    if (!core.protected_mode()) return deliver_real(core, event);
    if (forbidden_in_8086(core, event)) return std::unexpected(general_protection());
    const Gate gate = TRY(read_gate(core, event));
    const u32 external = external_bit(event.kind);
    if (gate.type() == SystemType::task_gate)
        return switch_task(core, {.selector = gate.descriptor.gate_selector(),
                                  .reason = TaskSwitch::Reason::event,
                                  .return_rip = event.return_rip,
                                  .error_code = event.error_code,
                                  .external = external,
                                  .resumes = (pushed_flags(core, event) & flag::resume) != 0});
    const Handler handler = TRY(handler_of(core, gate, external));
    return core.long_mode() ? deliver_64(core, event, gate, handler) : deliver_outside_64(core, event, gate, handler);
}

bool raise_exception(Core& core, Fault fault, RefusedFaults& refused) {
    State& state = core.state();
    refused.count = 0;
    for (;;) {
        if (vector_of(fault) == vector::pf) state.cr2 = fault.value;
        Event event{.vector = vector_of(fault), .return_rip = core.rip()};
        if (vector_of(fault) == vector::db) {
            state.dr6 |= fault.value;
            state.dr7 &= ~dr7::general_detect; // so that the handler may use them (SDM 3B 17.2.4)
            event.general_detect = (fault.value & dr6::general_detect) != 0;
        }
        // The real mode's handlers get no error codes (SDM 3A 21.1.4).
        if (has_error_code(fault) && core.protected_mode()) event.error_code = error_code_of(fault);
        const auto delivered = deliver(core, event);
        if (delivered) return true;
        refused.add(fault, delivered.error());
        const u8 second = vector_of(delivered.error());
        if (becomes_shutdown(vector_of(fault), second)) {
            if (second == vector::pf) state.cr2 = delivered.error().value;
            state.activity = Activity::shut_down;
            return false;
        }
        if (becomes_double_fault(vector_of(fault), second)) {
            if (second == vector::pf) state.cr2 = delivered.error().value;
            fault = exception(vector::df, 0);
        } else {
            fault = delivered.error();
        }
    }
}

} // namespace orrery::x86
