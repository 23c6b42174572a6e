// The areas of FXSAVE and XSAVE in memory (SDM 1, 10.5 and chapter 13): saving and restoring x87, SSE and AVX state.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

struct SaveRequest {
    u64 linear = 0;
    bool wide = false;      // REX.W: addresses of 64 bits, without selectors
    bool code64 = false;    // there are 16 vector registers
    bool optimised = false; // XSAVEOPT: what is in its initial state isn't written
    u64 components = 0;     // of XSAVE: EDX:EAX
};

// A fault leaves memory and registers as they are.
Faulting<void> fxsave(Core& core, const SaveRequest& request);
Faulting<void> fxrstor(Core& core, const SaveRequest& request);
Faulting<void> xsave(Core& core, const SaveRequest& request);
Faulting<void> xrstor(Core& core, const SaveRequest& request);

} // namespace orrery::x86
