// Loading segment registers, and what a segment permits (SDM 3A chapters 3 and 5).
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// A descriptor and the linear address it was read from.
struct TableEntry {
    Descriptor descriptor;
    u64 address = 0;
};

// The error code of a fault that a selector is to blame for. `external`: EXT (SDM 3A 6.13).
constexpr u32 selector_error(u16 selector, u32 external = 0) { return (selector & ~u32{selector::rpl}) | external; }

// From the GDT or the LDT. One beyond the table's limit is a fault `vector` with the selector.
Faulting<TableEntry> read_descriptor(Core& core, u16 selector, u8 vector = vector::gp, u32 external = 0);
// In long mode system descriptors are 16 bytes long; these are bits 63:32 of the base (SDM 3A 7.2.3). Checks that the
// rest is as it must be.
Faulting<u32> read_upper_base(Core& core, u16 selector, const TableEntry& entry);
// Marks the descriptor of a segment that is being loaded as accessed, in memory too.
Faulting<Descriptor> mark_accessed(Core& core, const TableEntry& entry);

// mov, pop, lds and their like into any but CS. SS keeps interrupts away from the next instruction; the caller sees to
// it.
Faulting<void> load_segment(Core& core, Segment name, u16 selector);
// As it is without descriptors: in real mode only the base changes, in virtual-8086 mode all of it does.
void load_paragraph(Core& core, Segment name, u16 selector);

// What SS will be at privilege `privilege` once `selector` is loaded; a fault is `vector` with the selector.
Faulting<SegmentCache> stack_segment(Core& core, u16 selector, u32 privilege, u8 vector, u32 external = 0);
// SS in 64-bit mode, where it holds a null selector (SDM 3A 5.8.5).
SegmentCache null_stack_segment(u32 privilege);

// Data and unconforming code segments of a higher privilege may not be kept when privilege falls (SDM 2, RET, IRET).
void drop_inaccessible_segments(Core& core);

// Whether `size_bytes` at `offset` lie within the limit (SDM 3A 5.3).
bool within_limit(const SegmentCache& segment, u64 offset, u64 size_bytes);
// A memory operand outside of 64-bit mode: within its segment, which must be of a kind for it; else #GP(0), or #SS(0).
Faulting<void> check_operand(const Core& core, Segment name, u64 offset, u64 size_bytes, bool write);
// From an offset in a segment to a linear address, checked as there.
Faulting<u64> linear_address(const Core& core, Segment name, u64 offset, u64 size_bytes, bool write);

// lldt, ltr, and their inverse checks
Faulting<void> load_local_table(Core& core, u16 selector);
Faulting<void> load_task_register(Core& core, u16 selector);

// verr, verw, lar and lsl: the descriptor if the selector is one that the running code may see, by their rules.
enum class Visibility : u8 { read, write, rights, limit };
Faulting<std::optional<Descriptor>> visible_descriptor(Core& core, u16 selector, Visibility why);

} // namespace orrery::x86
