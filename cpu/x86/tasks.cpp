#include "cpu/x86/tasks.hpp"

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/stack.hpp"

namespace orrery::x86 {
namespace {

// SDM 3A figure 7-2 and 7-10: where things are in a TSS.
struct TaskLayout {
    Size size;
    u32 stack0; // ESP0; each privilege's pair is two words long
    u32 cr3;    // 32-bit only
    u32 eip;
    u32 eflags;
    u32 registers; // EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI
    u32 segments;  // ES, CS, SS, DS, and of 32 bits FS, GS
    u32 ldt;
    u32 least_limit;

    [[nodiscard]] u32 segment_count() const { return size == Size::dword ? 6 : 4; }
};
constexpr TaskLayout layout32{Size::dword, 4, 28, 32, 36, 40, 72, 96, 103};
constexpr TaskLayout layout16{Size::word, 2, 0, 14, 16, 18, 34, 42, 43};
constexpr u32 trap_flag_offset = 100; // T, of 32 bits only
constexpr u32 bitmap_pointer_offset = 102;

bool is_16_bits(SystemType type) { return type == SystemType::tss16_available || type == SystemType::tss16_busy; }

const TaskLayout& layout_of(const SegmentCache& tss) {
    return is_16_bits(static_cast<SystemType>(tss.rights & access::type)) ? layout16 : layout32;
}

constexpr u64 busy_bit = u64{2} << 40;

Faulting<void> set_busy(Core& core, u16 selector, bool busy) {
    const u64 address = core.state().gdtr.base + selector::offset(selector);
    const u64 old = TRY(core.read(address + 5, 1));
    constexpr u64 busy_in_byte = 2;
    return core.write(address + 5, busy ? old | busy_in_byte : old & ~busy_in_byte, 1);
}

// The descriptor of the task that is switched to.
Faulting<TableEntry> read_task(Core& core, const TaskSwitch& how) {
    const bool returns = how.reason == TaskSwitch::Reason::interrupt_return;
    const u8 vector = returns ? vector::ts : vector::gp;
    const u32 error_code = selector_error(how.selector, how.external);
    if (selector::is_null(how.selector) || (how.selector & selector::local) != 0)
        return std::unexpected(exception(vector, error_code));
    const TableEntry entry = TRY(read_descriptor(core, how.selector, vector, how.external));
    const SystemType type = entry.descriptor.system_type();
    const bool wanted = returns ? type == SystemType::tss_busy || type == SystemType::tss16_busy
                                : type == SystemType::tss_available || type == SystemType::tss16_available;
    if (entry.descriptor.is_code_or_data() || !wanted) return std::unexpected(exception(vector, error_code));
    if (!entry.descriptor.present()) return std::unexpected(exception(vector::np, error_code));
    const u32 least = is_16_bits(type) ? layout16.least_limit : layout32.least_limit;
    if (entry.descriptor.limit() < least) return std::unexpected(exception(vector::ts, error_code));
    return entry;
}

Faulting<void> save_task(Core& core, const TaskSwitch& how) {
    State& state = core.state();
    const TaskLayout& layout = layout_of(state.tr);
    const u32 size = bytes(layout.size);
    u64 flags = current_flags(state);
    if (how.reason == TaskSwitch::Reason::interrupt_return) flags &= ~flag::nested_task;
    if (how.resumes) flags |= flag::resume;
    TRY_STATUS(core.write(state.tr.base + layout.eip, how.return_rip & mask(layout.size), size));
    TRY_STATUS(core.write(state.tr.base + layout.eflags, flags & mask(layout.size), size));
    for (u32 i = 0; i < 8; ++i)
        TRY_STATUS(core.write(state.tr.base + layout.registers + i * size, state.r[i] & mask(layout.size), size));
    for (u32 i = 0; i < layout.segment_count(); ++i)
        TRY_STATUS(core.write(state.tr.base + layout.segments + i * size, state.segments[i].selector, 2));
    return {};
}

// What a TSS holds, read whole before anything is changed.
struct Task {
    u64 eip = 0;
    u64 eflags = 0;
    u64 cr3 = 0;
    std::array<u64, 8> registers{};
    std::array<u16, segment_count> selectors{};
    u16 ldt = 0;
    bool trap = false;
};

Faulting<Task> load_task(Core& core, u64 base, const TaskLayout& layout) {
    const u32 size = bytes(layout.size);
    Task task;
    task.eip = TRY(core.read(base + layout.eip, size));
    task.eflags = TRY(core.read(base + layout.eflags, size));
    for (u32 i = 0; i < 8; ++i) task.registers[i] = TRY(core.read(base + layout.registers + i * size, size));
    for (u32 i = 0; i < layout.segment_count(); ++i)
        task.selectors[i] = static_cast<u16>(TRY(core.read(base + layout.segments + i * size, 2)));
    task.ldt = static_cast<u16>(TRY(core.read(base + layout.ldt, 2)));
    if (layout.size == Size::word) return task;
    task.cr3 = TRY(core.read(base + layout.cr3, 4));
    task.trap = (TRY(core.read(base + trap_flag_offset, 1)) & 1) != 0;
    return task;
}

// A fault here is one of the new task (SDM 3A 7.3, step 13), with #TS for its selectors.
Faulting<void> load_task_segments(Core& core, const Task& task) {
    State& state = core.state();
    const auto as_task_fault = [](u16 selector) { return exception(vector::ts, selector_error(selector)); };
    for (std::size_t i = 0; i < segment_count; ++i) state.segments[i] = {0, 0, task.selectors[i], 0};
    core.set_rip(task.eip);
    if ((task.ldt & selector::local) != 0 || !load_local_table(core, task.ldt))
        return std::unexpected(as_task_fault(task.ldt));
    if (core.virtual_8086()) {
        for (std::size_t i = 0; i < segment_count; ++i)
            load_paragraph(core, static_cast<Segment>(i), task.selectors[i]);
        state.segment(Segment::cs).rights |= access::code;
        core.set_rip(task.eip);
        return {};
    }
    const u16 code = task.selectors[static_cast<std::size_t>(Segment::cs)];
    const u32 privilege = code & selector::rpl;
    const u16 stack = task.selectors[static_cast<std::size_t>(Segment::ss)];
    const TableEntry entry = TRY(read_descriptor(core, code, vector::ts));
    const Descriptor& descriptor = entry.descriptor;
    const bool fits = descriptor.is(access::conforming) ? descriptor.dpl() <= privilege : descriptor.dpl() == privilege;
    if (selector::is_null(code) || !descriptor.is_code() || !fits) return std::unexpected(as_task_fault(code));
    if (!descriptor.present()) return std::unexpected(exception(vector::np, selector_error(code)));
    state.segment(Segment::ss) = TRY(stack_segment(core, stack, privilege, vector::ts));
    state.segment(Segment::cs) = TRY(mark_accessed(core, entry)).segment(code);
    core.set_rip(task.eip);
    for (const Segment name : {Segment::es, Segment::ds, Segment::fs, Segment::gs}) {
        const u16 selector = task.selectors[static_cast<std::size_t>(name)];
        const auto loaded = load_segment(core, name, selector);
        if (loaded) continue;
        // What load_segment() calls a protection violation is an invalid task here; an absent segment stays one.
        const bool invalid = vector_of(loaded.error()) == vector::gp;
        return std::unexpected(invalid ? as_task_fault(selector) : loaded.error());
    }
    return {};
}

// CR3 of the new task. PAE's PDPTEs were checked before anything was changed.
void load_task_root(Core& core, u64 cr3, const std::array<u64, 4>& pdptes) {
    State& state = core.state();
    state.cr3 = cr3;
    state.pdptes = pdptes;
    core.services().flush_space(space_of(state));
}

} // namespace

Faulting<TaskStack> stack_in_task(Core& core, u32 privilege, u32 external) {
    const SegmentCache& tss = core.state().tr;
    const TaskLayout& layout = layout_of(tss);
    const u32 size = bytes(layout.size);
    const u32 offset = layout.stack0 + privilege * 2 * size;
    if (offset + 2 * size - 1 > tss.limit)
        return std::unexpected(exception(vector::ts, selector_error(tss.selector, external)));
    TaskStack stack;
    stack.pointer = TRY(core.read(tss.base + offset, size));
    stack.selector = static_cast<u16>(TRY(core.read(tss.base + offset + size, 2)));
    return stack;
}

Faulting<u64> stack_in_task_64(Core& core, u32 number, u32 external) {
    const SegmentCache& tss = core.state().tr;
    const u32 offset = 4 + number * 8;
    if (offset + 7 > tss.limit) return std::unexpected(exception(vector::ts, selector_error(tss.selector, external)));
    const u64 pointer = TRY(core.read(tss.base + offset, 8));
    if (!core.canonical(pointer)) return std::unexpected(exception(vector::ss, external));
    return pointer;
}

Faulting<bool> ports_permitted(Core& core, u16 port, u32 size_bytes) {
    const SegmentCache& tss = core.state().tr;
    const bool has_bitmap = !is_16_bits(static_cast<SystemType>(tss.rights & access::type));
    if (!tss.usable() || !has_bitmap || bitmap_pointer_offset + 1 > tss.limit) return false;
    const u64 bitmap = TRY(core.read(tss.base + bitmap_pointer_offset, 2));
    const u64 offset = bitmap + port / 8;
    // Two bytes are read always, so that a bitmap ends with a byte of ones (SDM 1, 19.5.2).
    if (offset + 1 > tss.limit) return false;
    const u64 bits = TRY(core.read(tss.base + offset, 2));
    return (bits >> port % 8 & ((u64{1} << size_bytes) - 1)) == 0;
}

Faulting<void> may_use_ports(Core& core, u16 port, u32 size_bytes) {
    if (!core.protected_mode() || (!core.virtual_8086() && core.cpl() <= core.iopl())) return {};
    if (!TRY(ports_permitted(core, port, size_bytes))) return std::unexpected(general_protection());
    return {};
}

Faulting<void> switch_task(Core& core, const TaskSwitch& how) {
    State& state = core.state();
    const TableEntry entry = TRY(read_task(core, how));
    SegmentCache tss = entry.descriptor.segment(how.selector);
    const TaskLayout& layout = layout_of(tss);
    Task task = TRY(load_task(core, tss.base, layout));
    const bool pages = (state.cr0 & cr0::pg) != 0 && layout.size == Size::dword;
    auto pdptes = state.pdptes;
    if (pages && (state.cr4 & cr4::pae) != 0) pdptes = TRY(core.mmu().read_pdptes(task.cr3));

    TRY_STATUS(save_task(core, how));
    const bool nests = how.reason == TaskSwitch::Reason::call || how.reason == TaskSwitch::Reason::event;
    const u16 old_selector = state.tr.selector;
    if (nests) {
        TRY_STATUS(core.write(tss.base, old_selector, 2)); // the link back
        task.eflags |= flag::nested_task;
    } else {
        TRY_STATUS(set_busy(core, old_selector, false));
    }
    if (how.reason != TaskSwitch::Reason::interrupt_return) TRY_STATUS(set_busy(core, how.selector, true));

    state.tr = tss;
    state.tr.rights |= static_cast<u16>(busy_bit >> 40);
    state.cr0 |= cr0::ts;
    if (pages) load_task_root(core, task.cr3, pdptes);
    state.dr7 &= ~dr7::local; // they are the old task's
    arm_breakpoints(core);
    set_flags(state, task.eflags);
    drop_idle_resume_flag(state);
    for (u32 i = 0; i < 8; ++i) {
        const u64 kept = layout.size == Size::word ? state.r[i] & ~mask(Size::word) : 0;
        state.r[i] = kept | task.registers[i];
    }
    TRY_STATUS(load_task_segments(core, task));
    core.services().context_changed();
    if (how.error_code) {
        Stack stack(core);
        TRY_STATUS(stack.push(*how.error_code, layout.size));
        stack.commit();
    }
    if (task.trap) state.pending_debug |= dr6::task_switch; // before its first instruction
    return {};
}

} // namespace orrery::x86
