// ret and iret between segments and privileges (SDM 2, RET and IRET).
#include "cpu/x86/far_transfers.hpp"

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/code_segments.hpp"
#include "cpu/x86/flags_register.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/stack.hpp"
#include "cpu/x86/tasks.hpp"

namespace orrery::x86 {
namespace {

// What far_return() and interrupt_return() go back to.
Faulting<SegmentCache> return_code(Core& core, u16 selector) {
    if (selector::is_null(selector)) return std::unexpected(general_protection());
    const TableEntry entry = TRY(read_descriptor(core, selector));
    const Descriptor& descriptor = entry.descriptor;
    const u32 error_code = selector_error(selector);
    const u32 rpl = selector & selector::rpl;
    const bool privilege_fits = descriptor.is(access::conforming) ? descriptor.dpl() <= rpl : descriptor.dpl() == rpl;
    if (!descriptor.is_code() || rpl < core.cpl() || !privilege_fits || has_impossible_size(core, descriptor))
        return std::unexpected(general_protection(error_code));
    if (!descriptor.present()) return std::unexpected(exception(vector::np, error_code));
    return TRY(mark_accessed(core, entry)).segment(selector);
}

// SS of the privilege that is returned to. 64-bit code of the privileges 0 to 2 may have none.
Faulting<SegmentCache> return_stack(Core& core, u16 selector, const SegmentCache& code) {
    const u32 privilege = code.selector & selector::rpl;
    const bool to_64 = core.long_mode() && code.is(access::long_mode);
    if (selector::is_null(selector) && to_64 && privilege != 3 && (selector & selector::rpl) == privilege)
        return null_stack_segment(privilege);
    return stack_segment(core, selector, privilege, vector::gp);
}

Size width_of_stack(const Core& core, const SegmentCache& code, const SegmentCache& stack) {
    if (core.long_mode() && code.is(access::long_mode)) return Size::qword;
    return stack.is(access::big) ? Size::dword : Size::word;
}

// RSP once SS and CS are those of an outer privilege.
void set_stack_pointer(Core& core, u64 pointer, Size size) {
    u64& rsp = core.state().r[gpr::rsp];
    rsp = size == Size::word ? (rsp & ~mask(Size::word)) | (pointer & mask(Size::word)) : pointer & mask(size);
}

Faulting<void> return_from_real(Core& core, Size size) {
    Stack stack(core);
    const u64 rip = TRY(stack.pop(size));
    const u64 selector = TRY(stack.pop(size));
    const u64 flags = TRY(stack.pop(size));
    TRY_STATUS(go_to_paragraph(core, static_cast<u16>(selector), rip));
    stack.commit();
    const u64 fixed_here =
        core.virtual_8086() ? flag::privilege_level | flag::virtual_interrupt : flag::virtual_interrupt;
    const u64 changeable = flag::all & ~(flag::virtual_8086 | fixed_here) & mask(size);
    take_flags(core, flags, changeable);
    return {};
}

// SDM 3A 21.2.5
Faulting<void> return_to_8086(Core& core, Stack& stack, u64 rip, u16 code, u64 flags) {
    const u64 pointer = TRY(stack.pop(Size::dword));
    std::array<u16, segment_count> selectors{};
    for (const Segment name : {Segment::ss, Segment::es, Segment::ds, Segment::fs, Segment::gs})
        selectors[static_cast<std::size_t>(name)] = static_cast<u16>(TRY(stack.pop(Size::dword)));
    selectors[static_cast<std::size_t>(Segment::cs)] = code;
    State& state = core.state();
    set_flags(state, flags);
    for (std::size_t i = 0; i < segment_count; ++i) load_paragraph(core, static_cast<Segment>(i), selectors[i]);
    cs(core).rights |= access::code;
    core.set_rip(rip & 0xffff);
    state.r[gpr::rsp] = pointer;
    return {};
}

Faulting<void> return_from_task(Core& core, u64 next_rip) {
    if (core.long_mode()) return std::unexpected(general_protection());
    const u16 link = static_cast<u16>(TRY(core.read(core.state().tr.base, 2)));
    return switch_task(core,
                       {.selector = link, .reason = TaskSwitch::Reason::interrupt_return, .return_rip = next_rip});
}

Faulting<void> return_protected(Core& core, Size size) {
    Stack stack(core);
    const u64 rip = TRY(stack.pop(size));
    const u16 selector = static_cast<u16>(TRY(stack.pop(size)));
    const u64 flags = TRY(stack.pop(size));
    const bool to_8086 =
        (flags & flag::virtual_8086) != 0 && size == Size::dword && core.cpl() == 0 && !core.long_mode();
    if (to_8086) return return_to_8086(core, stack, rip, selector, flags);
    const SegmentCache code = TRY(return_code(core, selector));
    TRY_STATUS(check_target(core, code, rip));
    const u64 changeable = changeable_flags(core, size);
    const bool outward = (selector & selector::rpl) > core.cpl();
    if (outward || core.code64()) {
        const u64 pointer = TRY(stack.pop(size));
        const u16 stack_selector = static_cast<u16>(TRY(stack.pop(size)));
        SegmentCache new_stack = TRY(return_stack(core, stack_selector, code));
        new_stack.selector = stack_selector;
        ss(core) = new_stack;
        go_to(core, code, rip);
        set_stack_pointer(core, pointer, width_of_stack(core, code, new_stack));
        if (outward) drop_inaccessible_segments(core);
    } else {
        go_to(core, code, rip);
        stack.commit();
    }
    take_flags(core, flags, changeable);
    return {};
}

} // namespace

Faulting<void> far_return(Core& core, Size size, u32 release_bytes) {
    Stack stack(core);
    const u64 rip = TRY(stack.pop(size));
    const u16 selector = static_cast<u16>(TRY(stack.pop(size)));
    if (!core.has_descriptors()) {
        TRY_STATUS(go_to_paragraph(core, selector, rip));
        stack.skip(release_bytes);
        stack.commit();
        return {};
    }
    const SegmentCache code = TRY(return_code(core, selector));
    TRY_STATUS(check_target(core, code, rip));
    stack.skip(release_bytes);
    if ((selector & selector::rpl) == core.cpl()) {
        go_to(core, code, rip);
        stack.commit();
        return {};
    }
    const u64 pointer = TRY(stack.pop(size));
    const u16 stack_selector = static_cast<u16>(TRY(stack.pop(size)));
    const SegmentCache new_stack = TRY(return_stack(core, stack_selector, code));
    ss(core) = new_stack;
    ss(core).selector = stack_selector;
    go_to(core, code, rip);
    set_stack_pointer(core, pointer, width_of_stack(core, code, new_stack));
    Stack outer(core);
    outer.skip(release_bytes);
    outer.commit();
    drop_inaccessible_segments(core);
    return {};
}

Faulting<void> interrupt_return(Core& core, Size size, u64 next_rip) {
    if (core.virtual_8086() && core.iopl() < 3) return std::unexpected(general_protection());
    const bool from_task = core.has_descriptors() && (core.state().rflags & flag::nested_task) != 0;
    if (!core.has_descriptors())
        TRY_STATUS(return_from_real(core, size));
    else if (from_task)
        TRY_STATUS(return_from_task(core, next_rip));
    else
        TRY_STATUS(return_protected(core, size));
    core.state().nmi_blocked = false;
    drop_idle_resume_flag(core.state());
    return {};
}

} // namespace orrery::x86
