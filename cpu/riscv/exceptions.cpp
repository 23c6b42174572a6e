#include "cpu/riscv/exceptions.hpp"

#include <array>
#include <atomic>

#include "cpu/riscv/hart.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 interrupt_bit = bit(63);
constexpr u64 vectored = 1; // mtvec.MODE, stvec.MODE

// II 3.1.9, decreasing priority; LCOFI by Sscofpmf.
constexpr std::array priorities = {irq::machine_external,    irq::machine_software,    irq::machine_timer,
                                   irq::supervisor_external, irq::supervisor_software, irq::supervisor_timer,
                                   irq::counter_overflow};

u64 handler(u64 vector, u64 cause, bool interrupt) {
    const u64 base = vector & ~u64{3};
    return interrupt && (vector & 3) == vectored ? base + 4 * cause : base;
}

} // namespace

u64 pending_interrupts(const State& state) {
    // std::atomic_ref takes no const object before C++26.
    const u64 lines = std::atomic_ref(const_cast<u64&>(state.irq_lines)).load(std::memory_order_acquire);
    if ((state.menvcfg & envcfg::stce) == 0) return state.mip | (lines & ~mip::stip);
    return (state.mip & ~mip::stip) | lines;
}

std::optional<u32> deliverable_interrupt(const State& state) {
    const u64 candidates = pending_interrupts(state) & state.mie;
    if (candidates == 0) [[likely]]
        return std::nullopt;
    const bool to_machine = state.privilege != Privilege::machine || (state.mstatus & mstatus::mie) != 0;
    const bool to_supervisor = state.privilege == Privilege::user ||
                               (state.privilege == Privilege::supervisor && (state.mstatus & mstatus::sie) != 0);
    u64 enabled = to_machine ? candidates & ~state.mideleg : 0;
    if (enabled == 0 && to_supervisor) enabled = candidates & state.mideleg;
    for (const u32 number : priorities)
        if ((enabled & bit(number)) != 0) return number;
    return std::nullopt;
}

void enter_trap(Hart& hart, u64 cause, bool interrupt, u64 value) {
    State& state = hart.registers();
    const u64 delegated = interrupt ? state.mideleg : state.medeleg;
    const u64 cause_register = cause | (interrupt ? interrupt_bit : 0);
    const Privilege from = state.privilege;
    u64 status = state.mstatus;
    state.halted = false;
    if (from != Privilege::machine && field(delegated, static_cast<u32>(cause & 63), 1) != 0) {
        status &= ~(mstatus::sie | mstatus::spie | mstatus::spp);
        if ((state.mstatus & mstatus::sie) != 0) status |= mstatus::spie;
        if (from == Privilege::supervisor) status |= mstatus::spp;
        state.scause = cause_register;
        state.sepc = state.pc;
        state.stval = value;
        state.pc = handler(state.stvec, cause, interrupt);
        hart.set_mode(Privilege::supervisor, status);
    } else {
        status &= ~(mstatus::mie | mstatus::mpie);
        if ((state.mstatus & mstatus::mie) != 0) status |= mstatus::mpie;
        status = with_field(status, mstatus::mpp_low, 2, static_cast<u64>(from));
        state.mcause = cause_register;
        state.mepc = state.pc;
        state.mtval = value;
        state.pc = handler(state.mtvec, cause, interrupt);
        hart.set_mode(Privilege::machine, status);
    }
}

bool return_from_machine(Hart& hart) {
    State& state = hart.registers();
    if (state.privilege != Privilege::machine) return false;
    const auto to = static_cast<Privilege>(field(state.mstatus, mstatus::mpp_low, 2));
    u64 status = state.mstatus & ~(mstatus::mie | mstatus::mpp);
    if ((status & mstatus::mpie) != 0) status |= mstatus::mie;
    status |= mstatus::mpie;
    if (to != Privilege::machine) status &= ~mstatus::mprv;
    state.pc = state.mepc;
    hart.note_return(state.pc);
    hart.set_mode(to, status);
    return true;
}

bool return_from_supervisor(Hart& hart) {
    State& state = hart.registers();
    const bool trapped = state.privilege == Privilege::supervisor && (state.mstatus & mstatus::tsr) != 0;
    if (state.privilege == Privilege::user || trapped) return false;
    const Privilege to = (state.mstatus & mstatus::spp) != 0 ? Privilege::supervisor : Privilege::user;
    u64 status = state.mstatus & ~(mstatus::sie | mstatus::spp | mstatus::mprv);
    if ((status & mstatus::spie) != 0) status |= mstatus::sie;
    status |= mstatus::spie;
    state.pc = state.sepc;
    hart.note_return(state.pc);
    hart.set_mode(to, status);
    return true;
}

} // namespace orrery::riscv
