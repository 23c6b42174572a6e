// syscall, sysenter and their returns (SDM 3A 5.8.7, 5.8.8): segments by convention, no memory is looked at.
#include "cpu/x86/far_transfers.hpp"

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/code_segments.hpp"
#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {
namespace {

SegmentCache flat_code(u16 selector, u32 privilege, bool is_64) {
    return {0, ~u32{0}, static_cast<u16>((selector & ~selector::rpl) | privilege),
            static_cast<u16>(data_at_reset | access::code | access::granular | privilege << access::dpl_low |
                             (is_64 ? access::long_mode : access::big))};
}

SegmentCache flat_stack(u16 selector, u32 privilege) {
    SegmentCache stack = null_stack_segment(privilege);
    stack.selector = static_cast<u16>((selector & ~selector::rpl) | privilege);
    return stack;
}

// Unlike for other instructions TF counts as it is behind syscall and sysret: systems keep single steps out by SFMASK.
// No manual says so; Linux and processors do.
void note_trap(State& state) {
    if ((state.rflags & flag::trap) != 0) state.pending_debug |= dr6::single_step;
}

} // namespace

Faulting<void> system_call(Core& core, u64 next_rip) {
    State& state = core.state();
    if (!core.code64() || (state.efer & efer::sce) == 0) return std::unexpected(exception(vector::ud));
    state.r[gpr::rcx] = next_rip;
    const u64 flags = current_flags(state);
    constexpr u32 r11 = 11;
    state.r[r11] = flags & ~flag::resume;
    set_flags(state, flags & ~(state.sfmask | flag::resume));
    const u16 selector = static_cast<u16>(state.star >> 32);
    ss(core) = flat_stack(static_cast<u16>((selector & ~selector::rpl) + 8), 0);
    go_to(core, flat_code(selector, 0, true), state.lstar);
    note_trap(state);
    return {};
}

Faulting<void> system_return(Core& core, Size size) {
    State& state = core.state();
    if (!core.code64() || (state.efer & efer::sce) == 0) return std::unexpected(exception(vector::ud));
    const bool to_64 = size == Size::qword;
    // Intel's processors raise this while still in the kernel.
    if (core.cpl() != 0 || (to_64 && !core.canonical(state.r[gpr::rcx]))) return std::unexpected(general_protection());
    const u16 selector = static_cast<u16>(state.star >> 48);
    constexpr u32 r11 = 11;
    set_flags(state, state.r[r11] & ~(flag::resume | flag::virtual_8086));
    ss(core) = flat_stack(static_cast<u16>(selector + 8), 3);
    go_to(core, flat_code(static_cast<u16>(selector + (to_64 ? 16 : 0)), 3, to_64),
          to_64 ? state.r[gpr::rcx] : state.r[gpr::rcx] & mask(Size::dword));
    note_trap(state);
    return {};
}

Faulting<void> fast_system_call(Core& core) {
    State& state = core.state();
    const u16 selector = static_cast<u16>(state.sysenter_cs);
    if (!core.protected_mode() || selector::is_null(selector)) return std::unexpected(general_protection());
    const bool to_64 = core.long_mode();
    state.rflags &= ~(flag::virtual_8086 | flag::interrupt | flag::resume);
    const u64 width = to_64 ? ~u64{0} : mask(Size::dword);
    state.r[gpr::rsp] = state.sysenter_esp & width;
    ss(core) = flat_stack(static_cast<u16>((selector & ~selector::rpl) + 8), 0);
    go_to(core, flat_code(selector, 0, to_64), state.sysenter_eip & width);
    return {};
}

Faulting<void> fast_system_return(Core& core, Size size) {
    State& state = core.state();
    const u16 selector = static_cast<u16>(state.sysenter_cs);
    const bool to_64 = size == Size::qword;
    if (!core.protected_mode() || core.cpl() != 0 || selector::is_null(selector))
        return std::unexpected(general_protection());
    if (to_64 && (!core.canonical(state.r[gpr::rdx]) || !core.canonical(state.r[gpr::rcx])))
        return std::unexpected(general_protection());
    const u64 width = to_64 ? ~u64{0} : mask(Size::dword);
    const u64 rip = state.r[gpr::rdx] & width;
    state.r[gpr::rsp] = state.r[gpr::rcx] & width;
    const u16 base = static_cast<u16>(selector & ~selector::rpl);
    ss(core) = flat_stack(static_cast<u16>(base + (to_64 ? 40 : 24)), 3);
    go_to(core, flat_code(static_cast<u16>(base + (to_64 ? 32 : 16)), 3, to_64), rip);
    return {};
}

} // namespace orrery::x86
