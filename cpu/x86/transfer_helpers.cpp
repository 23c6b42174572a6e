// Helpers of instructions that go elsewhere than a jump does: far transfers, interrupts, system calls, returns from all
// of them (SDM 3A 5.8 and 6.12).
#include "cpu/x86/far_transfers.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/interrupts.hpp"
#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {
namespace {

u64 next_rip(Core& core, u64 length) { return core.rip_of(core.services().current_pc() + length); }

Size size_of(u64 bytes) { return static_cast<Size>(bytes); }

// What ends a transfer that the block follows: going on there, unless something is to be looked at first.
u64 arrive(void* self, u64 from, const Faulting<void>& transfer) {
    Processor& processor = processor_of(self);
    Core& core = processor.core();
    if (!transfer) return raise(core, transfer.error());
    if (processor.wants_attention())
        core.services().leave_with_pc_in_state();
    else
        core.services().transferred(from);
    return 0;
}

} // namespace

namespace helper {

u64 far_jump(void* self, u64 selector, u64 offset, u64 packed) {
    Core& core = core_of(self);
    return done(core, x86::far_jump(core, static_cast<u16>(selector), offset, size_of(packed & 0xff),
                                    next_rip(core, packed >> 8)));
}

u64 far_call(void* self, u64 selector, u64 offset, u64 packed) {
    Core& core = core_of(self);
    return done(core, x86::far_call(core, static_cast<u16>(selector), offset, size_of(packed & 0xff),
                                    next_rip(core, packed >> 8)));
}

u64 far_return(void* self, u64 release, u64 size, u64) {
    Core& core = core_of(self);
    return done(core, x86::far_return(core, size_of(size), static_cast<u32>(release)));
}

u64 interrupt_return(void* self, u64 size, u64 from, u64 next) {
    Core& core = core_of(self);
    const auto returned = x86::interrupt_return(core, size_of(size), core.rip_of(next));
    if (returned) processor_of(self).note_return();
    return arrive(self, from, returned);
}

u64 software_interrupt(void* self, u64 vector, u64 length, u64 kind) {
    Core& core = core_of(self);
    return done(core, deliver(core, {.kind = static_cast<EventKind>(kind),
                                     .vector = static_cast<u8>(vector),
                                     .return_rip = next_rip(core, length)}));
}

u64 interrupt_on_overflow(void* self, u64 length, u64, u64) {
    Core& core = core_of(self);
    if ((arithmetic_flags(core.state().lazy) & flag::overflow) != 0)
        return software_interrupt(self, vector::of, length, static_cast<u64>(EventKind::software_exception));
    core.set_rip(next_rip(core, length));
    return 0;
}

u64 check_bounds(void* self, u64 index, u64 address, u64 size) {
    Core& core = core_of(self);
    const auto signed_value = [&](u64 value) {
        const u64 unused = 64 - 8 * size;
        return static_cast<i64>(value << unused) >> unused;
    };
    const auto lower = core.read(address, static_cast<u32>(size), explicit_access);
    if (!lower) return raise(core, lower.error());
    const auto upper = core.read(address + size, static_cast<u32>(size), explicit_access);
    if (!upper) return raise(core, upper.error());
    const i64 value = signed_value(index);
    const bool within = value >= signed_value(*lower) && value <= signed_value(*upper);
    return within ? 0 : raise(core, exception(vector::br));
}

u64 system_call(void* self, u64 from, u64 next, u64) {
    return arrive(self, from, x86::system_call(core_of(self), next));
}
u64 system_return(void* self, u64 from, u64 size, u64) {
    return arrive(self, from, x86::system_return(core_of(self), size_of(size)));
}
u64 fast_system_call(void* self, u64 from, u64, u64) {
    return arrive(self, from, x86::fast_system_call(core_of(self)));
}
u64 fast_system_return(void* self, u64 from, u64 size, u64) {
    return arrive(self, from, x86::fast_system_return(core_of(self), size_of(size)));
}

} // namespace helper
} // namespace orrery::x86
