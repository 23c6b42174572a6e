// Task state segments: the stacks of inner privileges, the I/O permission bitmap, and the switching of tasks by
// hardware (SDM 3A chapter 7).
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

struct TaskStack {
    u16 selector = 0;
    u64 pointer = 0;
};

// Of the TSS of 16 or 32 bits. A TSS too short is #TS with its selector.
Faulting<TaskStack> stack_in_task(Core& core, u32 privilege, u32 external);
// Of a 64-bit TSS: RSP0 to RSP2 are 0 to 2, IST1 to IST7 are 4 to 10 (SDM 3A 7.7).
Faulting<u64> stack_in_task_64(Core& core, u32 number, u32 external);

// Whether in and out may use these ports where IOPL alone forbids it (SDM 1, 19.5.2).
Faulting<bool> ports_permitted(Core& core, u16 port, u32 size_bytes);

// The same with IOPL taken into account: nothing, or #GP(0).
Faulting<void> may_use_ports(Core& core, u16 port, u32 size_bytes);

struct TaskSwitch {
    enum class Reason : u8 { jump, call, event, interrupt_return };
    u16 selector = 0; // of the TSS
    Reason reason = Reason::jump;
    u64 return_rip = 0; // saved in the old task
    std::optional<u32> error_code{};
    u32 external = 0;
    bool resumes = false; // a fault: RF is saved as set
};

// A fault from the point on at which the new task counts as running is the new task's (SDM 3A 7.3).
Faulting<void> switch_task(Core& core, const TaskSwitch& how);

} // namespace orrery::x86
