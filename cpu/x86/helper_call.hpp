// What a helper (helpers.def) begins and ends with: the processor behind the pointer that translated code passes, and
// the fault that makes it leave.
#pragma once

#include "cpu/x86/processor.hpp"

namespace orrery::x86 {

inline Processor& processor_of(void* self) { return static_cast<Processor&>(*static_cast<Frontend*>(self)); }
inline Core& core_of(void* self) { return processor_of(self).core(); }

// The value is never looked at.
inline u64 raise(Core& core, Fault fault) {
    core.services().leave_raising(fault);
    return 0;
}

// What many helpers end with: nothing, or the fault.
inline u64 done(Core& core, const Faulting<void>& result) {
    if (!result) core.services().leave_raising(result.error());
    return 0;
}

} // namespace orrery::x86
