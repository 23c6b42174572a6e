// The breakpoints of the debug registers (SDM 3B 17.2): what DR7 enables, and what of it matches. The engine stops for
// instructions and watched bytes; ports are looked at by the instructions that use them.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// Of DR6
namespace dr6 {
inline constexpr u64 general_detect = 1 << 13;
inline constexpr u64 single_step = 1 << 14;
inline constexpr u64 task_switch = 1 << 15;
inline constexpr u64 known = 0xe00f;
inline constexpr u64 ones = 0xffff'0ff0;
} // namespace dr6

// Of DR7
namespace dr7 {
inline constexpr u64 enabled = 0xff; // L0, G0 to L3, G3
inline constexpr u64 local = 0x155;  // L0 to L3 and LE, which a task switch clears (17.2.4)
inline constexpr u64 general_detect = 1 << 13;
inline constexpr u64 known = 0xffff'23ff;
inline constexpr u64 ones = 0x400;
} // namespace dr7

// Whether any instruction has a breakpoint.
bool breaks_instructions(const State& state);
// Bits of DR6, 0 for none: of a breakpoint on the instruction at a linear address, on data there, and on a port.
u64 instruction_breakpoints(const State& state, u64 linear);
u64 data_breakpoints(const State& state, u64 linear, u64 size_bytes, bool write);
u64 port_breakpoints(const State& state, u16 port, u64 size_bytes);
// RF keeps breakpoints from one instruction, which clears it. Where there are none, no one does: so it goes at once.
void drop_idle_resume_flag(State& state);
// DR0 to DR3 or DR7 have changed, CR4.DE or the whole state: tells the engine.
void arm_breakpoints(Core& core);

} // namespace orrery::x86
