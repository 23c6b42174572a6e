// Whether an access at an address that isn't canonical is #SS or #GP: #SS if the address is based on RSP or RBP or an
// instruction uses the stack by itself (SDM 1, 3.3.7.1). Translated code doesn't tell, since only a fault asks.
#pragma once

#include "cpu/x86/core.hpp"
#include "cpu/x86/feature.hpp"

namespace orrery::x86 {

// Of the instruction at RIP, which has faulted: whether its access at `linear` was one to the stack.
bool refers_to_stack(const Core& core, Features features, u64 linear);

} // namespace orrery::x86
