// Traps (II 3.1.6–3.1.9, 3.3.2, 4.1): which interrupt is taken, where traps go, and how they return.
#pragma once

#include <optional>

#include "cpu/frontend.hpp"
#include "cpu/riscv/csr_bits.hpp"
#include "cpu/riscv/state.hpp"

namespace orrery::riscv {

class Hart;

// mip as it reads: what software wrote, the input pins, and the comparison with stimecmp where STCE lets it through.
u64 pending_interrupts(const State& state);
// The interrupt that is taken before the next instruction, if any.
std::optional<u32> deliverable_interrupt(const State& state);

// Enters the handler of an exception or interrupt at the state's pc; `cause` without the interrupt bit.
void enter_trap(Hart& hart, u64 cause, bool interrupt, u64 value);

// The effect of mret and sret on privilege, mstatus and pc. False: the instruction is illegal now.
bool return_from_machine(Hart& hart);
bool return_from_supervisor(Hart& hart);

constexpr Exception ecall_from(Privilege privilege) {
    return static_cast<Exception>(static_cast<u64>(Exception::ecall_from_user) + static_cast<u64>(privilege));
}

} // namespace orrery::riscv
