#include "cpu/x86/code_segments.hpp"

namespace orrery::x86 {

bool has_impossible_size(const Core& core, const Descriptor& descriptor) {
    return core.long_mode() && descriptor.is(access::long_mode | access::big);
}

Faulting<void> check_target(const Core& core, const SegmentCache& code, u64 rip) {
    const bool code64 = core.long_mode() && code.is(access::long_mode);
    const bool fits = code64 ? core.canonical(rip) : within_limit(code, rip, 1);
    if (!fits) return std::unexpected(general_protection());
    return {};
}

void go_to(Core& core, const SegmentCache& code, u64 rip) {
    cs(core) = code;
    core.set_rip(rip);
}

Faulting<void> go_to_paragraph(Core& core, u16 selector, u64 offset) {
    if (offset > cs(core).limit) return std::unexpected(general_protection());
    load_paragraph(core, Segment::cs, selector);
    core.set_rip(offset);
    return {};
}

} // namespace orrery::x86
