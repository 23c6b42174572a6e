#include "cpu/x86/debug_view.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cpu/x86/debug_registers.hpp"
#include "cpu/x86/debug_tables.hpp"
#include "cpu/x86/debug_walk.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::x86 {
namespace {

// By CodeSize.
constexpr std::array<std::string_view, 3> triples{"i386-unknown-unknown-code16", "i386-unknown-elf",
                                                  "x86_64-unknown-elf"};

} // namespace

std::span<const RegisterDescription> ProcessorDebugView::registers() const {
    return register_descriptions(processor_.configuration().features.contains({Feature::avx}));
}

RegisterValue ProcessorDebugView::read_wide(std::size_t index) const { return read_register(processor_, index); }

Status ProcessorDebugView::write_wide(std::size_t index, RegisterValue value) {
    return write_register(processor_, index, value);
}

std::optional<GuestPhysical> ProcessorDebugView::translate(GuestVirtual address) const {
    return processor_.core().mmu().inspect(address.value).address;
}

Walk ProcessorDebugView::walk(GuestVirtual address) const { return tell_walk(processor_.core(), address.value); }

std::string_view ProcessorDebugView::llvm_triple() const {
    return triples[static_cast<std::size_t>(Mode::of(processor_.core()).code)];
}

std::string ProcessorDebugView::condition() const {
    const Core& core = processor_.core();
    const std::string mode = !core.protected_mode() ? "real mode"
                             : core.virtual_8086()  ? "virtual-8086 mode"
                             : core.code64()        ? "64-bit mode"
                             : core.long_mode()     ? "compatibility mode"
                                                    : "protected mode";
    const std::string privilege = core.protected_mode() ? fmt::format(", ring {}", core.cpl()) : "";
    constexpr std::array<std::string_view, 4> activities{"", ", hlt", ", waits for SIPI", ", shut down"};
    return mode + privilege + std::string(activities[static_cast<std::size_t>(core.state().activity)]);
}

std::string_view exception_name(u8 vector) {
    constexpr std::array<std::string_view, 20> names{"divide error",
                                                     "debug exception",
                                                     "non-maskable interrupt",
                                                     "breakpoint",
                                                     "overflow",
                                                     "bound range exceeded",
                                                     "invalid opcode",
                                                     "device not available",
                                                     "double fault",
                                                     "",
                                                     "invalid TSS",
                                                     "segment not present",
                                                     "stack-segment fault",
                                                     "general protection",
                                                     "page fault",
                                                     "",
                                                     "x87 floating-point error",
                                                     "alignment check",
                                                     "machine check",
                                                     "SIMD floating-point exception"};
    return vector < names.size() ? names[vector] : std::string_view{};
}

std::string page_fault_text(u32 error_code) {
    const auto is = [&](u32 bit) { return (error_code & bit) != 0; };
    const std::string_view access = is(page_fault_code::fetch)   ? "fetch"
                                    : is(page_fault_code::write) ? "write"
                                                                 : "read";
    const std::string_view reason = is(page_fault_code::reserved_bit) ? "through an entry with a reserved bit set"
                                    : is(page_fault_code::present)    ? "that the page's rights forbid"
                                                                      : "of a page that isn't present";
    return fmt::format("{} by the {} {}", access, is(page_fault_code::user) ? "user" : "supervisor", reason);
}

std::vector<TableName> ProcessorDebugView::tables() const {
    std::vector<TableName> names = table_names();
    if (const TableSource* local = local_tables()) {
        const std::vector<TableName> more = local->tables();
        names.insert(names.end(), more.begin(), more.end());
    }
    return names;
}

Table ProcessorDebugView::table(std::string_view name) const {
    const TableSource* local = local_tables();
    const bool is_local =
        local && std::ranges::any_of(local->tables(), [&](const TableName& of) { return of.name == name; });
    return is_local ? local->table(name) : decoded_table(processor_.core(), name);
}

const TableSource* ProcessorDebugView::local_tables() const {
    const LocalInterrupts* interrupts = processor_.configuration().interrupts;
    return interrupts ? interrupts->tables() : nullptr;
}

std::string ProcessorDebugView::interrupts() const {
    const State& state = processor_.core().state();
    std::string text = (state.rflags & flag::interrupt) != 0 ? "interrupts on (IF 1)" : "interrupts off (IF 0)";
    if (state.interrupt_shadow != 0) text += ", held off for one instruction";
    if (state.nmi_blocked) text += ", NMI blocked";
    const LocalInterrupts* local = processor_.configuration().interrupts;
    if (!local) return text;
    return text + (local->deliverable() ? ", one waits" : ", none waits") +
           fmt::format(", CR8 {}", local->task_priority() >> 4);
}

CpuWords ProcessorDebugView::words() const {
    CpuWords words{.privileges = {"ring 0", "ring 1", "ring 2", "ring 3"},
                   .exceptions = {},
                   .interrupts = {},
                   .code_mask = 0xff,
                   .triples = {triples.begin(), triples.end()}};
    for (u32 vector = 0; vector < 32; ++vector) words.exceptions.emplace_back(exception_name(static_cast<u8>(vector)));
    return words;
}

} // namespace orrery::x86
