// The x87 unit's state in memory: the environment of FNSTENV and FLDENV, which FNSAVE and FRSTOR have before the
// registers (SDM 1, 8.1.10 and figures 8-9 to 8-12). Addresses are linear, and their segment has been checked.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

struct X87Layout {
    bool wide = true;  // 32 bits
    bool real = false; // pointers are linear addresses, as in real and virtual-8086 mode

    [[nodiscard]] constexpr u32 environment_bytes() const { return wide ? 28 : 14; }
    [[nodiscard]] constexpr u32 state_bytes() const { return environment_bytes() + 80; }
};

Faulting<void> store_x87_environment(Core& core, u64 address, X87Layout layout);
Faulting<void> load_x87_environment(Core& core, u64 address, X87Layout layout);
// With the registers, in the order of the stack.
Faulting<void> store_x87_state(Core& core, u64 address, X87Layout layout);
Faulting<void> load_x87_state(Core& core, u64 address, X87Layout layout);

// Two bits for each register, in physical order (SDM 1, 8.1.7).
u16 x87_tag_word(const X87& x87);

} // namespace orrery::x86
