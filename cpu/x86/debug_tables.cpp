#include "cpu/x86/debug_tables.hpp"

#include <fmt/format.h>

#include "cpu/x86/delivery_words.hpp"
#include "cpu/x86/descriptor_words.hpp"

namespace orrery::x86 {
namespace {

constexpr u32 descriptor_bytes = 8, long_gate_bytes = 16, vectors = 256;

std::string_view not_in_memory(const Core& core) {
    return core.mmu().inspect(0).mode == PagingMode::none ? "no memory is there" : "can't be read: `walk` says why";
}

Table descriptors(const Core& core, std::string_view name, u64 base, u64 limit) {
    Table table{fmt::format("{} at {:#x}, limit {:#x}", name, base, limit), {}};
    const bool long_mode = core.long_mode();
    for (u64 offset = 0; offset + descriptor_bytes - 1 <= limit; offset += descriptor_bytes) {
        const auto raw = core.mmu().peek(base + offset, descriptor_bytes);
        if (!raw) {
            table.rows.push_back({fmt::format("{:#x}", offset), base + offset, 0, std::string(not_in_memory(core))});
            return table;
        }
        const Descriptor one{*raw};
        if (one.value == 0) continue;
        const bool wide = long_mode && !one.is_code_or_data();
        const u64 upper = wide ? core.mmu().peek(base + offset + descriptor_bytes, descriptor_bytes).value_or(0) : 0;
        table.rows.push_back(
            {fmt::format("{:#x}", offset), base + offset, *raw, descriptor_words(one, upper, long_mode)});
        if (wide) offset += descriptor_bytes;
    }
    return table;
}

std::string vector_name(u32 vector) {
    const std::string words = vector_words(static_cast<u8>(vector));
    return words.starts_with("vector") ? fmt::format("{:#x}", vector) : fmt::format("{:#x} {}", vector, words);
}

// SDM 3A 21.1.4
Table real_vectors(const Core& core) {
    const DescriptorTable& idtr = core.state().idtr;
    Table table{fmt::format("the real mode's vectors at {:#x}, limit {:#x}", idtr.base, idtr.limit), {}};
    for (u32 vector = 0; vector < vectors && vector * 4 + 3 <= idtr.limit; ++vector) {
        const u64 address = idtr.base + vector * 4;
        const auto raw = core.mmu().peek(address, 4);
        if (raw && *raw != 0)
            table.rows.push_back({vector_name(vector), address, *raw,
                                  fmt::format("{:#06x}:{:#06x}, linear {:#x}", *raw >> 16, *raw & 0xffff,
                                              (*raw >> 16 << 4) + (*raw & 0xffff))});
    }
    return table;
}

Table gates(const Core& core) {
    if (!core.protected_mode()) return real_vectors(core);
    const DescriptorTable& idtr = core.state().idtr;
    const bool long_mode = core.long_mode();
    const u32 size = long_mode ? long_gate_bytes : descriptor_bytes;
    Table table{fmt::format("IDT at {:#x}, limit {:#x}", idtr.base, idtr.limit), {}};
    for (u32 vector = 0; vector < vectors && (vector + 1) * size - 1 <= idtr.limit; ++vector) {
        const u64 address = idtr.base + vector * size;
        const auto raw = core.mmu().peek(address, descriptor_bytes);
        if (!raw) {
            table.rows.push_back({vector_name(vector), address, 0, std::string(not_in_memory(core))});
            return table;
        }
        if (*raw == 0) continue;
        const u64 upper = long_mode ? core.mmu().peek(address + descriptor_bytes, descriptor_bytes).value_or(0) : 0;
        table.rows.push_back({vector_name(vector), address, *raw, descriptor_words({*raw}, upper, long_mode)});
    }
    return table;
}

// SDM 3A figures 7-2, 7-10 and 7-11.
struct TaskWord {
    std::string_view name;
    u8 offset;
    u8 size;
};
constexpr std::array task64{TaskWord{"RSP0", 4, 8},  TaskWord{"RSP1", 12, 8},         TaskWord{"RSP2", 20, 8},
                            TaskWord{"IST1", 36, 8}, TaskWord{"IST2", 44, 8},         TaskWord{"IST3", 52, 8},
                            TaskWord{"IST4", 60, 8}, TaskWord{"IST5", 68, 8},         TaskWord{"IST6", 76, 8},
                            TaskWord{"IST7", 84, 8}, TaskWord{"I/O map base", 102, 2}};
constexpr std::array task32{TaskWord{"previous task", 0, 2}, TaskWord{"ESP0", 4, 4}, TaskWord{"SS0", 8, 2},
                            TaskWord{"ESP1", 12, 4},         TaskWord{"SS1", 16, 2}, TaskWord{"ESP2", 20, 4},
                            TaskWord{"SS2", 24, 2},          TaskWord{"CR3", 28, 4}, TaskWord{"EIP", 32, 4},
                            TaskWord{"EFLAGS", 36, 4},       TaskWord{"EAX", 40, 4}, TaskWord{"ECX", 44, 4},
                            TaskWord{"EDX", 48, 4},          TaskWord{"EBX", 52, 4}, TaskWord{"ESP", 56, 4},
                            TaskWord{"EBP", 60, 4},          TaskWord{"ESI", 64, 4}, TaskWord{"EDI", 68, 4},
                            TaskWord{"ES", 72, 2},           TaskWord{"CS", 76, 2},  TaskWord{"SS", 80, 2},
                            TaskWord{"DS", 84, 2},           TaskWord{"FS", 88, 2},  TaskWord{"GS", 92, 2},
                            TaskWord{"LDT", 96, 2},          TaskWord{"T", 100, 2},  TaskWord{"I/O map base", 102, 2}};
constexpr std::array task16{
    TaskWord{"previous task", 0, 2}, TaskWord{"SP0", 2, 2},  TaskWord{"SS0", 4, 2},  TaskWord{"SP1", 6, 2},
    TaskWord{"SS1", 8, 2},           TaskWord{"SP2", 10, 2}, TaskWord{"SS2", 12, 2}, TaskWord{"IP", 14, 2},
    TaskWord{"FLAGS", 16, 2},        TaskWord{"AX", 18, 2},  TaskWord{"CX", 20, 2},  TaskWord{"DX", 22, 2},
    TaskWord{"BX", 24, 2},           TaskWord{"SP", 26, 2},  TaskWord{"BP", 28, 2},  TaskWord{"SI", 30, 2},
    TaskWord{"DI", 32, 2},           TaskWord{"ES", 34, 2},  TaskWord{"CS", 36, 2},  TaskWord{"SS", 38, 2},
    TaskWord{"DS", 40, 2},           TaskWord{"LDT", 42, 2}};

Table task_state(const Core& core) {
    const SegmentCache& tr = core.state().tr;
    const auto type = static_cast<SystemType>(tr.rights & access::type);
    const bool narrow = type == SystemType::tss16_available || type == SystemType::tss16_busy;
    const std::span<const TaskWord> layout = core.long_mode() ? std::span<const TaskWord>(task64)
                                             : narrow         ? std::span<const TaskWord>(task16)
                                                              : std::span<const TaskWord>(task32);
    Table table{fmt::format("{} at {:#x}, limit {:#x}, of {}", system_type_words(type, core.long_mode()), tr.base,
                            tr.limit, selector_words(tr.selector)),
                {}};
    for (const TaskWord& word : layout) {
        if (word.offset + word.size - 1U > tr.limit) break;
        const auto value = core.mmu().peek(tr.base + word.offset, word.size);
        table.rows.push_back({std::string(word.name), tr.base + word.offset, value.value_or(0),
                              value ? std::string{} : std::string(not_in_memory(core))});
    }
    return table;
}

} // namespace

std::vector<TableName> table_names() {
    return {{"gdt", "the global descriptor table"},
            {"ldt", "the local descriptor table"},
            {"idt", "the interrupt descriptor table, or the real mode's vectors"},
            {"tss", "the task state segment"}};
}

Table decoded_table(const Core& core, std::string_view name) {
    const State& state = core.state();
    if (name == "gdt") return descriptors(core, "GDT", state.gdtr.base, state.gdtr.limit);
    if (name == "idt") return gates(core);
    if (name == "tss") return task_state(core);
    if (!state.ldtr.usable() || selector::is_null(state.ldtr.selector)) return {"there is no LDT", {}};
    return descriptors(core, "LDT", state.ldtr.base, state.ldtr.limit);
}

} // namespace orrery::x86
