// Model-specific registers (SDM 4, chapter 2).
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

class Processor;

// #GP(0) for one that there isn't, and for values that it can't have.
Faulting<u64> read_msr(Processor& processor, u32 index);
Faulting<void> write_msr(Processor& processor, u32 index, u64 value);

} // namespace orrery::x86
