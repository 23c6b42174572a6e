// Whether an x86 CPU stands still, and which interrupts could end that.
#include "cpu/x86/processor.hpp"

namespace orrery::x86 {

// Masked interrupts end no hlt; an NMI would, but nothing in a machine that stands still sends one.
Standstill Processor::standstill() const {
    const State& state = core_.state();
    if (state.activity == Activity::running && !jumps_to_itself()) return {};
    const bool asleep = state.activity == Activity::shut_down || state.activity == Activity::waiting_for_sipi;
    const bool open = !asleep && (state.rflags & flag::interrupt) != 0;
    return {.still = true, .timer = open, .other_cpu = state.activity != Activity::shut_down, .device = open};
}

// jmp to itself, or back to the hlt before it.
bool Processor::jumps_to_itself() const {
    const auto bytes = core_.mmu().peek(core_.state().pc, 2);
    constexpr u64 jump_to_itself = 0xfeeb, halt = 0xf4, jump_to_halt = 0xfdeb;
    if (!bytes) return false;
    if (*bytes == jump_to_itself) return true;
    return *bytes == jump_to_halt && core_.mmu().peek(core_.state().pc - 1, 1) == halt;
}

} // namespace orrery::x86
