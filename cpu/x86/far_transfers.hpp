// Jumps, calls and returns that change CS: in real mode, between segments and privileges, through gates and tasks (SDM
// 2, JMP, CALL, RET, IRET; SDM 3A 5.8), and the fast ways into a kernel and back.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// `next_rip` is what a call returns to. `size` is the operand's, that of the offset and of what is pushed and popped.
Faulting<void> far_jump(Core& core, u16 selector, u64 offset, Size size, u64 next_rip);
Faulting<void> far_call(Core& core, u16 selector, u64 offset, Size size, u64 next_rip);
// `release_bytes`: what ret takes off the stack besides.
Faulting<void> far_return(Core& core, Size size, u32 release_bytes);
Faulting<void> interrupt_return(Core& core, Size size, u64 next_rip);

Faulting<void> system_call(Core& core, u64 next_rip);     // syscall
Faulting<void> system_return(Core& core, Size size);      // sysret; qword: to 64-bit mode
Faulting<void> fast_system_call(Core& core);              // sysenter
Faulting<void> fast_system_return(Core& core, Size size); // sysexit

} // namespace orrery::x86
