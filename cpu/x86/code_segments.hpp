// What jumps, calls and returns that change CS have in common.
#pragma once

#include "cpu/x86/segmentation.hpp"

namespace orrery::x86 {

inline SegmentCache& cs(Core& core) { return core.state().segment(Segment::cs); }
inline SegmentCache& ss(Core& core) { return core.state().segment(Segment::ss); }

// SDM 3A 5.2.1: L and D at once mean nothing.
bool has_impossible_size(const Core& core, const Descriptor& descriptor);
// Whether execution may go on at `rip` in the segment.
Faulting<void> check_target(const Core& core, const SegmentCache& code, u64 rip);
void go_to(Core& core, const SegmentCache& code, u64 rip);
// In real and virtual-8086 mode.
Faulting<void> go_to_paragraph(Core& core, u16 selector, u64 offset);

} // namespace orrery::x86
