// Whether a hart stands still, and which interrupts could end that.

#include "cpu/riscv/debug_view.hpp"
#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::riscv {
namespace {

constexpr u32 jump_to_itself = 0x0000'006f;       // jal x0, 0
constexpr u16 compressed_jump_to_itself = 0xa001; // c.j 0
constexpr u64 timers = mip::mtip | mip::stip, software = mip::msip | mip::ssip;

// Those that would be taken if they pended.
u64 enabled_interrupts(const State& state) {
    const bool is_machine = state.privilege == Privilege::machine;
    const bool is_user = state.privilege == Privilege::user;
    const bool to_machine = !is_machine || (state.mstatus & mstatus::mie) != 0;
    const bool to_supervisor = is_user || (!is_machine && (state.mstatus & mstatus::sie) != 0);
    return state.mie & ((to_machine ? ~state.mideleg : 0) | (to_supervisor ? state.mideleg : 0));
}

} // namespace

Standstill Hart::standstill() const {
    u64 awaited = 0;
    if (state_.halted) {
        if (wakes()) return {};
        awaited = state_.mie;
    } else {
        if (!jumps_to_itself() || deliverable_interrupt(state_)) return {};
        awaited = enabled_interrupts(state_);
    }
    return {.still = true,
            .timer = (awaited & timers) != 0,
            .other_cpu = (awaited & software) != 0,
            .device = (awaited & ~(timers | software)) != 0};
}

bool Hart::jumps_to_itself() const {
    // MPRV would look where loads go, not fetches; whoever waits for ever has it off.
    const auto place = debug_view_.translate({state_.pc});
    if (!place) return false;
    u8 bytes[4] = {};
    if (!mmu_.memory().read_memory(*place, std::span(bytes).first(2))) return false;
    u32 instruction = bytes[0] | static_cast<u32>(bytes[1]) << 8;
    if (instruction == compressed_jump_to_itself) return true;
    if (!mmu_.memory().read_memory(*place + 2, std::span(bytes).subspan(2))) return false;
    instruction |= static_cast<u32>(bytes[2]) << 16 | static_cast<u32>(bytes[3]) << 24;
    return instruction == jump_to_itself;
}

} // namespace orrery::riscv
