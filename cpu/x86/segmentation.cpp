#include "cpu/x86/segmentation.hpp"

#include <algorithm>

namespace orrery::x86 {
namespace {

// In long mode these have 16 bytes.
bool has_upper_half(const Core& core, const Descriptor& descriptor) {
    return core.long_mode() && !descriptor.is_code_or_data();
}

constexpr u16 null_rights = 0;

Faulting<void> load_null(Core& core, Segment name, u16 selector) {
    State& state = core.state();
    if (name == Segment::ss) {
        const bool allowed = core.code64() && core.cpl() != 3 && (selector & selector::rpl) == core.cpl();
        if (!allowed) return std::unexpected(general_protection());
        state.segment(name) = null_stack_segment(core.cpl());
        state.segment(name).selector = selector;
        return {};
    }
    state.segment(name) = {0, 0, selector, null_rights};
    return {};
}

// SDM 2, MOV: a data segment, or code that can be read.
bool readable(const Descriptor& descriptor) {
    return descriptor.is_code_or_data() && (!descriptor.is_code() || descriptor.is(access::readable));
}

bool conforming(const Descriptor& descriptor) { return descriptor.is_code() && descriptor.is(access::conforming); }

} // namespace

Faulting<TableEntry> read_descriptor(Core& core, u16 selector, u8 vector, u32 external) {
    const State& state = core.state();
    const bool local = (selector & selector::local) != 0;
    const Fault fault = exception(vector, selector_error(selector, external));
    if (local && !state.ldtr.usable()) return std::unexpected(fault);
    const u64 base = local ? state.ldtr.base : state.gdtr.base;
    const u64 limit = local ? state.ldtr.limit : state.gdtr.limit;
    const u64 offset = selector::offset(selector);
    if (offset + 7 > limit) return std::unexpected(fault);
    const u64 address = base + offset;
    return TableEntry{{TRY(core.read(address, 8))}, address};
}

Faulting<u32> read_upper_base(Core& core, u16 selector, const TableEntry& entry) {
    if (!has_upper_half(core, entry.descriptor)) return 0;
    const bool local = (selector & selector::local) != 0;
    const u64 limit = local ? core.state().ldtr.limit : core.state().gdtr.limit;
    if (u64{selector::offset(selector)} + 15 > limit)
        return std::unexpected(general_protection(selector_error(selector)));
    const u64 upper = TRY(core.read(entry.address + 8, 8));
    constexpr u64 must_be_zero = 0x1f00'0000'0000; // the type's place in the second half
    if ((upper & must_be_zero) != 0) return std::unexpected(general_protection(selector_error(selector)));
    return static_cast<u32>(upper);
}

Faulting<Descriptor> mark_accessed(Core& core, const TableEntry& entry) {
    Descriptor marked = entry.descriptor;
    if (marked.is(access::accessed)) return marked;
    marked.value |= u64{access::accessed} << 40;
    TRY_STATUS(core.write(entry.address + 5, marked.value >> 40 & 0xff, 1));
    return marked;
}

void load_paragraph(Core& core, Segment name, u16 selector) {
    SegmentCache& segment = core.state().segment(name);
    segment.selector = selector;
    segment.base = u64{selector} << 4;
    if (core.virtual_8086()) {
        segment.limit = 0xffff;
        segment.rights = data_at_reset | 3 << access::dpl_low;
    }
}

Faulting<void> load_segment(Core& core, Segment name, u16 selector) {
    State& state = core.state();
    if (!core.has_descriptors()) {
        load_paragraph(core, name, selector);
        return {};
    }
    if (selector::is_null(selector)) return load_null(core, name, selector);
    if (name == Segment::ss) {
        state.segment(name) = TRY(stack_segment(core, selector, core.cpl(), vector::gp));
        return {};
    }
    const TableEntry entry = TRY(read_descriptor(core, selector));
    const Descriptor& descriptor = entry.descriptor;
    const u32 requested = std::max<u32>(core.cpl(), selector & selector::rpl);
    if (!readable(descriptor) || (!conforming(descriptor) && requested > descriptor.dpl()))
        return std::unexpected(general_protection(selector_error(selector)));
    if (!descriptor.present()) return std::unexpected(exception(vector::np, selector_error(selector)));
    state.segment(name) = TRY(mark_accessed(core, entry)).segment(selector);
    return {};
}

Faulting<SegmentCache> stack_segment(Core& core, u16 selector, u32 privilege, u8 vector, u32 external) {
    const u32 error_code = selector_error(selector, external);
    if (selector::is_null(selector)) return std::unexpected(exception(vector, external));
    const TableEntry entry = TRY(read_descriptor(core, selector, vector, external));
    const Descriptor& descriptor = entry.descriptor;
    const bool writable_data = descriptor.is_code_or_data() && !descriptor.is_code() && descriptor.is(access::writable);
    if ((selector & selector::rpl) != privilege || descriptor.dpl() != privilege || !writable_data)
        return std::unexpected(exception(vector, error_code));
    if (!descriptor.present()) return std::unexpected(exception(vector::ss, error_code));
    return TRY(mark_accessed(core, entry)).segment(selector);
}

SegmentCache null_stack_segment(u32 privilege) {
    return {0, ~u32{0}, static_cast<u16>(privilege),
            static_cast<u16>(data_at_reset | access::big | access::granular | privilege << access::dpl_low)};
}

void drop_inaccessible_segments(Core& core) {
    for (const Segment name : {Segment::es, Segment::ds, Segment::fs, Segment::gs}) {
        SegmentCache& segment = core.state().segment(name);
        const bool conforming_code = segment.is(access::code | access::conforming);
        if (segment.usable() && !conforming_code && segment.dpl() < core.cpl()) segment = {0, 0, 0, null_rights};
    }
}

bool within_limit(const SegmentCache& segment, u64 offset, u64 size_bytes) {
    const u64 last = offset + (size_bytes - 1);
    if (last < offset) return false;
    const bool grows_down = !segment.is(access::code) && segment.is(access::expand_down);
    if (!grows_down) return last <= segment.limit;
    const u64 highest = segment.is(access::big) ? 0xffff'ffff : 0xffff;
    return offset > segment.limit && last <= highest;
}

Faulting<void> check_operand(const Core& core, Segment name, u64 offset, u64 size_bytes, bool write) {
    const SegmentCache& segment = core.state().segment(name);
    bool allowed = within_limit(segment, offset, size_bytes);
    if (core.has_descriptors()) {
        const bool code = segment.is(access::code);
        const bool right = write ? !code && segment.is(access::writable) : !code || segment.is(access::readable);
        allowed = allowed && segment.usable() && right;
    }
    if (allowed) return {};
    return std::unexpected(exception(name == Segment::ss ? vector::ss : vector::gp, 0));
}

Faulting<u64> linear_address(const Core& core, Segment name, u64 offset, u64 size_bytes, bool write) {
    const u64 base = core.state().segment(name).base;
    const bool has_own_base = name == Segment::fs || name == Segment::gs;
    if (core.code64()) return has_own_base ? base + offset : offset;
    TRY_STATUS(check_operand(core, name, offset, size_bytes, write));
    return (base + offset) & mask(Size::dword);
}

namespace {

// The descriptor of an LDT or a TSS, which only the GDT holds.
Faulting<TableEntry> read_system_descriptor(Core& core, u16 selector) {
    const Fault fault = general_protection(selector_error(selector));
    if ((selector & selector::local) != 0) return std::unexpected(fault);
    const TableEntry entry = TRY(read_descriptor(core, selector));
    if (entry.descriptor.is_code_or_data()) return std::unexpected(fault);
    return entry;
}

} // namespace

Faulting<void> load_local_table(Core& core, u16 selector) {
    if (selector::is_null(selector)) {
        core.state().ldtr = {0, 0, selector, null_rights};
        return {};
    }
    const TableEntry entry = TRY(read_system_descriptor(core, selector));
    if (entry.descriptor.system_type() != SystemType::ldt)
        return std::unexpected(general_protection(selector_error(selector)));
    if (!entry.descriptor.present()) return std::unexpected(exception(vector::np, selector_error(selector)));
    const u64 upper = TRY(read_upper_base(core, selector, entry));
    SegmentCache loaded = entry.descriptor.segment(selector);
    loaded.base |= upper << 32;
    core.state().ldtr = loaded;
    return {};
}

Faulting<void> load_task_register(Core& core, u16 selector) {
    if (selector::is_null(selector)) return std::unexpected(general_protection());
    const TableEntry entry = TRY(read_system_descriptor(core, selector));
    const SystemType type = entry.descriptor.system_type();
    const bool available =
        type == SystemType::tss_available || (type == SystemType::tss16_available && !core.long_mode());
    if (!available) return std::unexpected(general_protection(selector_error(selector)));
    if (!entry.descriptor.present()) return std::unexpected(exception(vector::np, selector_error(selector)));
    const u64 upper = TRY(read_upper_base(core, selector, entry));
    constexpr u64 busy = u64{2} << 40;
    TRY_STATUS(core.write(entry.address + 5, (entry.descriptor.value | busy) >> 40 & 0xff, 1));
    SegmentCache loaded = Descriptor{entry.descriptor.value | busy}.segment(selector);
    loaded.base |= upper << 32;
    core.state().tr = loaded;
    return {};
}

namespace {

// Of lar and lsl (SDM 2, tables 3-54 and 3-57).
bool system_type_is_visible(const Core& core, SystemType type, Visibility why) {
    switch (type) {
    case SystemType::ldt:
    case SystemType::tss_available:
    case SystemType::tss_busy:
        return true;
    case SystemType::tss16_available:
    case SystemType::tss16_busy:
        return !core.long_mode();
    case SystemType::call_gate:
        return why == Visibility::rights;
    case SystemType::call_gate16:
    case SystemType::task_gate:
        return why == Visibility::rights && !core.long_mode();
    default:
        return false;
    }
}

bool is_visible(const Core& core, const Descriptor& descriptor, u16 selector, Visibility why) {
    const u32 requested = std::max<u32>(core.cpl(), selector & selector::rpl);
    if (!conforming(descriptor) && requested > descriptor.dpl()) return false;
    switch (why) {
    case Visibility::read:
        return readable(descriptor);
    case Visibility::write:
        return descriptor.is_code_or_data() && !descriptor.is_code() && descriptor.is(access::writable);
    case Visibility::rights:
    case Visibility::limit:
        return descriptor.is_code_or_data() || system_type_is_visible(core, descriptor.system_type(), why);
    }
    return false;
}

} // namespace

Faulting<std::optional<Descriptor>> visible_descriptor(Core& core, u16 selector, Visibility why) {
    if (selector::is_null(selector)) return std::nullopt;
    const auto entry = read_descriptor(core, selector);
    // Beyond the table is an answer, a page that isn't there is a fault.
    if (!entry && vector_of(entry.error()) == vector::gp) return std::nullopt;
    if (!entry) return std::unexpected(entry.error());
    if (!is_visible(core, entry->descriptor, selector, why)) return std::nullopt;
    return entry->descriptor;
}

} // namespace orrery::x86
