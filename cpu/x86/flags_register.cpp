#include "cpu/x86/flags_register.hpp"

#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {

u64 changeable_flags(const Core& core, Size size) {
    u64 flags = flag::arithmetic | flag::trap | flag::direction | flag::nested_task | flag::resume |
                flag::alignment_check | flag::identification;
    if (core.cpl() == 0) flags |= flag::privilege_level | flag::virtual_interrupt;
    if (core.cpl() <= core.iopl()) flags |= flag::interrupt;
    return flags & mask(size);
}

void take_flags(Core& core, u64 popped, u64 changeable) {
    State& state = core.state();
    set_flags(state, (current_flags(state) & ~changeable) | (popped & changeable));
}

void take_popped_flags(Core& core, u64 popped, Size size) {
    u64 changeable = changeable_flags(core, size) & ~u64{flag::virtual_interrupt};
    if (core.virtual_8086()) changeable &= ~u64{flag::privilege_level};
    take_flags(core, popped & ~u64{flag::resume}, changeable | flag::resume);
}

} // namespace orrery::x86
