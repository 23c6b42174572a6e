// Writing CR0, CR3, CR4 and IA32_EFER: what the manual forbids, and what of the translations that were remembered is to
// be forgotten (SDM 3A 2.5, 4.10.4.1, 9.8.5; SDM 2, MOV to control registers).
#pragma once

#include "cpu/x86/core.hpp"
#include "cpu/x86/feature.hpp"

namespace orrery::x86 {

// Faults have changed nothing.
Faulting<void> write_cr0(Core& core, u64 value);
Faulting<void> write_cr3(Core& core, u64 value);
Faulting<void> write_cr4(Core& core, u64 value, u64 known_bits);
Faulting<void> write_efer(Core& core, u64 value);
Faulting<void> write_xcr0(Core& core, u64 value, Features features);
// lmsw: PE can be set by it, not cleared.
Faulting<void> load_machine_status_word(Core& core, u16 value);

// invpcid (SDM 2): the type, and the two halves of the descriptor.
Faulting<void> invalidate_pcid(Core& core, u64 type, u64 pcid, u64 linear_address);

} // namespace orrery::x86
