#include "cpu/x86/mode.hpp"

#include <algorithm>

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

bool covers_all(const SegmentCache& segment) {
    return segment.usable() && segment.base == 0 && segment.limit == ~u32{0};
}

// Whether all can be read through it. Writing through code is looked at by each instruction.
bool is_flat_code(const SegmentCache& segment) {
    return covers_all(segment) && segment.is(access::code) && segment.is(access::readable);
}

// Whether all can be read and written through it.
bool is_flat_data(const SegmentCache& segment) {
    return covers_all(segment) && !segment.is(access::code) && !segment.is(access::expand_down) &&
           segment.is(access::writable);
}

CodeSize code_size(const Core& core) {
    if (core.code64()) return CodeSize::bits64;
    return core.state().segment(Segment::cs).is(access::big) ? CodeSize::bits32 : CodeSize::bits16;
}

} // namespace

Mode Mode::of(const Core& core) {
    const State& state = core.state();
    const auto set = [](u64 value, u64 bits) { return (value & bits) != 0; };
    Mode mode;
    mode.code = code_size(core);
    mode.stack = core.stack_size();
    mode.cpl = core.cpl();
    mode.protected_mode = core.protected_mode();
    mode.virtual_8086 = core.virtual_8086();
    mode.long_mode = core.long_mode();
    mode.flat = mode.code == CodeSize::bits64 ||
                (is_flat_code(state.segment(Segment::cs)) &&
                 std::ranges::all_of(std::array{Segment::ds, Segment::es, Segment::ss},
                                     [&](Segment name) { return is_flat_data(state.segment(name)); }));
    mode.shadow = state.interrupt_shadow != 0;
    mode.trap = set(state.rflags, flag::trap);
    mode.resume = set(state.rflags, flag::resume) && breaks_instructions(state);
    mode.emulated = set(state.cr0, cr0::em);
    mode.x87_off = set(state.cr0, cr0::em | cr0::ts);
    mode.vectors_off = set(state.cr0, cr0::em) || !set(state.cr4, cr4::osfxsr);
    mode.task_switched = set(state.cr0, cr0::ts);
    mode.wait_traps = (state.cr0 & (cr0::mp | cr0::ts)) == (cr0::mp | cr0::ts);
    mode.xsave = set(state.cr4, cr4::osxsave);
    mode.avx = mode.xsave && set(state.xcr0, xcr0::avx);
    const SegmentCache& code = state.segment(Segment::cs);
    const u32 usual_limit = mode.code == CodeSize::bits16 ? 0xffff : ~u32{0};
    mode.code_limited = mode.code != CodeSize::bits64 && code.limit != usual_limit && code.limit != ~u32{0};
    mode.code_base = mode.code == CodeSize::bits64 ? 0 : static_cast<u32>(code.base);
    mode.aligned = core.checks_alignment();
    mode.x87_error = set(state.x87.status, x87_status::summary) && (set(state.cr0, cr0::ne) || !state.ignne);
    return mode;
}

} // namespace orrery::x86
