#include "cpu/x86/far_transfers.hpp"

#include "cpu/x86/code_segments.hpp"
#include "cpu/x86/stack.hpp"
#include "cpu/x86/tasks.hpp"

namespace orrery::x86 {
namespace {

bool is_code64(const Core& core, const Descriptor& descriptor) {
    return core.long_mode() && descriptor.is(access::long_mode);
}

// Of a descriptor that jmp or call names directly, or through a gate of the same privilege.
Faulting<SegmentCache> same_privilege_code(Core& core, u16 selector, const TableEntry& entry, bool through_gate) {
    const Descriptor& descriptor = entry.descriptor;
    const u32 error_code = selector_error(selector);
    const u32 cpl = core.cpl();
    const bool conforming = descriptor.is(access::conforming);
    const bool allowed = conforming ? descriptor.dpl() <= cpl
                                    : descriptor.dpl() == cpl && (through_gate || (selector & selector::rpl) <= cpl);
    if (!allowed || has_impossible_size(core, descriptor)) return std::unexpected(general_protection(error_code));
    if (!descriptor.present()) return std::unexpected(exception(vector::np, error_code));
    SegmentCache code = TRY(mark_accessed(core, entry)).segment(selector);
    code.selector = static_cast<u16>((selector & ~selector::rpl) | cpl);
    return code;
}

Faulting<void> push_return(Core& core, Stack& stack, u64 next_rip, Size size) {
    TRY_STATUS(stack.push(cs(core).selector, size));
    return stack.push(next_rip, size);
}

// A call gate, and the code it leads to (SDM 3A 5.8.3).
struct CallGate {
    Descriptor gate;
    u64 offset = 0;
    u16 selector = 0;
    TableEntry code;
    Size size = Size::dword;
};

Faulting<CallGate> read_call_gate(Core& core, u16 selector, const TableEntry& entry) {
    const Descriptor& gate = entry.descriptor;
    const u32 error_code = selector_error(selector);
    if (gate.dpl() < core.cpl() || (selector & selector::rpl) > gate.dpl())
        return std::unexpected(general_protection(error_code));
    if (!gate.present()) return std::unexpected(exception(vector::np, error_code));
    CallGate call{.gate = gate, .offset = gate.gate_offset(), .selector = gate.gate_selector(), .code = {}};
    if (core.long_mode()) {
        call.size = Size::qword;
        call.offset |= u64{TRY(read_upper_base(core, selector, entry))} << 32;
    } else if (gate.system_type() == SystemType::call_gate16) {
        call.size = Size::word;
        call.offset &= 0xffff;
    }
    if (selector::is_null(call.selector)) return std::unexpected(general_protection());
    call.code = TRY(read_descriptor(core, call.selector));
    const Descriptor& code = call.code.descriptor;
    const bool wide_enough = !core.long_mode() || (is_code64(core, code) && !code.is(access::big));
    if (!code.is_code() || code.dpl() > core.cpl() || !wide_enough)
        return std::unexpected(general_protection(selector_error(call.selector)));
    if (!code.present()) return std::unexpected(exception(vector::np, selector_error(call.selector)));
    return call;
}

SegmentCache code_of_privilege(const CallGate& call, const Descriptor& marked, u32 privilege) {
    SegmentCache code = marked.segment(call.selector);
    code.selector = static_cast<u16>((call.selector & ~selector::rpl) | privilege);
    return code;
}

// To a more privileged segment, on the stack that the task has for it.
Faulting<void> call_inward(Core& core, const CallGate& call, u64 next_rip) {
    State& state = core.state();
    const u32 privilege = call.code.descriptor.dpl();
    const bool to_64 = core.long_mode();
    const SegmentCache old_stack = ss(core);
    TaskStack place;
    SegmentCache new_stack = null_stack_segment(privilege);
    if (to_64) {
        place.pointer = TRY(stack_in_task_64(core, privilege, 0));
    } else {
        place = TRY(stack_in_task(core, privilege, 0));
        new_stack = TRY(stack_segment(core, place.selector, privilege, vector::ts));
    }
    const Size width = to_64 ? Size::qword : new_stack.is(access::big) ? Size::dword : Size::word;
    Stack stack(core, new_stack, place.pointer, width, inner_stack_access, selector_error(place.selector));
    TRY_STATUS(stack.push(old_stack.selector, call.size));
    TRY_STATUS(stack.push(state.r[gpr::rsp], call.size));
    if (!to_64) {
        Stack parameters(core);
        for (u32 i = call.gate.gate_parameters(); i-- > 0;)
            TRY_STATUS(stack.push(TRY(parameters.peek(u64{i} * bytes(call.size), call.size)), call.size));
    }
    TRY_STATUS(push_return(core, stack, next_rip, call.size));
    const SegmentCache code = code_of_privilege(call, TRY(mark_accessed(core, call.code)), privilege);
    TRY_STATUS(check_target(core, code, call.offset));
    ss(core) = new_stack;
    go_to(core, code, call.offset);
    stack.commit();
    return {};
}

Faulting<void> call_through_gate(Core& core, u16 selector, const TableEntry& entry, u64 next_rip) {
    const CallGate call = TRY(read_call_gate(core, selector, entry));
    const Descriptor& code_descriptor = call.code.descriptor;
    if (!code_descriptor.is(access::conforming) && code_descriptor.dpl() < core.cpl())
        return call_inward(core, call, next_rip);
    const SegmentCache code = TRY(same_privilege_code(core, call.selector, call.code, true));
    TRY_STATUS(check_target(core, code, call.offset));
    Stack stack(core);
    TRY_STATUS(push_return(core, stack, next_rip, call.size));
    go_to(core, code, call.offset);
    stack.commit();
    return {};
}

Faulting<void> jump_through_gate(Core& core, u16 selector, const TableEntry& entry) {
    const CallGate call = TRY(read_call_gate(core, selector, entry));
    const SegmentCache code = TRY(same_privilege_code(core, call.selector, call.code, true));
    TRY_STATUS(check_target(core, code, call.offset));
    go_to(core, code, call.offset);
    return {};
}

// A TSS or a task gate.
Faulting<void> go_to_task(Core& core, u16 selector, const TableEntry& entry, TaskSwitch::Reason reason, u64 next_rip) {
    const Descriptor& descriptor = entry.descriptor;
    const u32 error_code = selector_error(selector);
    if (core.long_mode() || descriptor.dpl() < core.cpl() || (selector & selector::rpl) > descriptor.dpl())
        return std::unexpected(general_protection(error_code));
    const bool gate = descriptor.system_type() == SystemType::task_gate;
    if (gate && !descriptor.present()) return std::unexpected(exception(vector::np, error_code));
    return switch_task(
        core, {.selector = gate ? descriptor.gate_selector() : selector, .reason = reason, .return_rip = next_rip});
}

enum class SystemTarget : u8 { none, gate, task };

SystemTarget system_target(const Core& core, SystemType type) {
    switch (type) {
    case SystemType::call_gate:
        return SystemTarget::gate;
    case SystemType::call_gate16:
        return core.long_mode() ? SystemTarget::none : SystemTarget::gate;
    case SystemType::task_gate:
    case SystemType::tss_available:
    case SystemType::tss16_available:
        return core.long_mode() ? SystemTarget::none : SystemTarget::task;
    default:
        return SystemTarget::none;
    }
}

} // namespace

Faulting<void> far_jump(Core& core, u16 selector, u64 offset, Size size, u64 next_rip) {
    if (!core.has_descriptors()) return go_to_paragraph(core, selector, offset & mask(size));
    if (selector::is_null(selector)) return std::unexpected(general_protection());
    const TableEntry entry = TRY(read_descriptor(core, selector));
    if (entry.descriptor.is_code()) {
        const SegmentCache code = TRY(same_privilege_code(core, selector, entry, false));
        TRY_STATUS(check_target(core, code, offset & mask(size)));
        go_to(core, code, offset & mask(size));
        return {};
    }
    switch (entry.descriptor.is_code_or_data() ? SystemTarget::none
                                               : system_target(core, entry.descriptor.system_type())) {
    case SystemTarget::gate:
        return jump_through_gate(core, selector, entry);
    case SystemTarget::task:
        return go_to_task(core, selector, entry, TaskSwitch::Reason::jump, next_rip);
    case SystemTarget::none:
        break;
    }
    return std::unexpected(general_protection(selector_error(selector)));
}

Faulting<void> far_call(Core& core, u16 selector, u64 offset, Size size, u64 next_rip) {
    Stack stack(core);
    if (!core.has_descriptors()) {
        TRY_STATUS(push_return(core, stack, next_rip, size));
        TRY_STATUS(go_to_paragraph(core, selector, offset & mask(size)));
        stack.commit();
        return {};
    }
    if (selector::is_null(selector)) return std::unexpected(general_protection());
    const TableEntry entry = TRY(read_descriptor(core, selector));
    if (entry.descriptor.is_code()) {
        const SegmentCache code = TRY(same_privilege_code(core, selector, entry, false));
        TRY_STATUS(check_target(core, code, offset & mask(size)));
        TRY_STATUS(push_return(core, stack, next_rip, size));
        go_to(core, code, offset & mask(size));
        stack.commit();
        return {};
    }
    switch (entry.descriptor.is_code_or_data() ? SystemTarget::none
                                               : system_target(core, entry.descriptor.system_type())) {
    case SystemTarget::gate:
        return call_through_gate(core, selector, entry, next_rip);
    case SystemTarget::task:
        return go_to_task(core, selector, entry, TaskSwitch::Reason::call, next_rip);
    case SystemTarget::none:
        break;
    }
    return std::unexpected(general_protection(selector_error(selector)));
}

} // namespace orrery::x86
