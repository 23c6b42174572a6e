// Which flags an instruction may change (SDM 2, POPF and IRET).
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// Those that code of the running privilege may change, of an image of `size`.
u64 changeable_flags(const Core& core, Size size);
// The others stay.
void take_flags(Core& core, u64 popped, u64 changeable);
// popf: it clears RF, and VM, VIF and VIP stay as they are in all but iret.
void take_popped_flags(Core& core, u64 popped, Size size);

} // namespace orrery::x86
