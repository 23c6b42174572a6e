#include "cpu/x86/debug_view.hpp"

#include <array>

#include <fmt/format.h>

#include "cpu/x86/debug_walk.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::x86 {
namespace {

using Field = RegisterField;
constexpr std::array flag_fields{
    Field{"CF", 0},  Field{"PF", 2},  Field{"AF", 4},   Field{"ZF", 6},       Field{"SF", 7},  Field{"TF", 8},
    Field{"IF", 9},  Field{"DF", 10}, Field{"OF", 11},  Field{"IOPL", 12, 2}, Field{"NT", 14}, Field{"RF", 16},
    Field{"VM", 17}, Field{"AC", 18}, Field{"VIF", 19}, Field{"VIP", 20},     Field{"ID", 21}};
constexpr std::array cr0_fields{Field{"PE", 0},  Field{"MP", 1},  Field{"EM", 2},  Field{"TS", 3},
                                Field{"ET", 4},  Field{"NE", 5},  Field{"WP", 16}, Field{"AM", 18},
                                Field{"NW", 29}, Field{"CD", 30}, Field{"PG", 31}};
constexpr std::array cr3_fields{Field{"PCID", 0, 12}, Field{"PDBR", 12, 52}};
constexpr std::array cr4_fields{Field{"VME", 0},   Field{"PVI", 1},       Field{"TSD", 2},         Field{"DE", 3},
                                Field{"PSE", 4},   Field{"PAE", 5},       Field{"MCE", 6},         Field{"PGE", 7},
                                Field{"PCE", 8},   Field{"OSFXSR", 9},    Field{"OSXMMEXCPT", 10}, Field{"UMIP", 11},
                                Field{"LA57", 12}, Field{"FSGSBASE", 16}, Field{"PCIDE", 17},      Field{"OSXSAVE", 18},
                                Field{"SMEP", 20}, Field{"SMAP", 21}};
constexpr std::array efer_fields{Field{"SCE", 0}, Field{"LME", 8}, Field{"LMA", 10}, Field{"NXE", 11}};

enum class Kind : u8 { general, pc, flags, selector, base, cr0, cr2, cr3, cr4, efer };

struct Known {
    RegisterDescription description;
    Kind kind = Kind::general;
    u32 number = 0;
};

constexpr std::string_view core_feature = "org.gnu.gdb.i386.core";
constexpr std::string_view system_feature = "org.orrery.x86.system";

constexpr RegisterDescription describe(std::string_view name, std::string_view feature, std::string_view group,
                                       u32 number, u32 bits, std::span<const Field> fields = {}) {
    return {.name = name,
            .alias = {},
            .feature = feature,
            .group = group,
            .number = number,
            .bits = bits,
            .type = fields.empty() ? RegisterDescription::Type::integer : RegisterDescription::Type::flags,
            .fields = fields};
}

// gdb's order of the general registers, by the number that instructions give them.
constexpr std::array<std::pair<std::string_view, u32>, gpr::count> general{{{"rax", gpr::rax},
                                                                            {"rbx", gpr::rbx},
                                                                            {"rcx", gpr::rcx},
                                                                            {"rdx", gpr::rdx},
                                                                            {"rsi", gpr::rsi},
                                                                            {"rdi", gpr::rdi},
                                                                            {"rbp", gpr::rbp},
                                                                            {"rsp", gpr::rsp},
                                                                            {"r8", 8},
                                                                            {"r9", 9},
                                                                            {"r10", 10},
                                                                            {"r11", 11},
                                                                            {"r12", 12},
                                                                            {"r13", 13},
                                                                            {"r14", 14},
                                                                            {"r15", 15}}};
constexpr std::array<std::pair<std::string_view, Segment>, segment_count> selectors{{{"cs", Segment::cs},
                                                                                     {"ss", Segment::ss},
                                                                                     {"ds", Segment::ds},
                                                                                     {"es", Segment::es},
                                                                                     {"fs", Segment::fs},
                                                                                     {"gs", Segment::gs}}};
constexpr std::array<std::pair<std::string_view, Segment>, segment_count> bases{{{"cs_base", Segment::cs},
                                                                                 {"ss_base", Segment::ss},
                                                                                 {"ds_base", Segment::ds},
                                                                                 {"es_base", Segment::es},
                                                                                 {"fs_base", Segment::fs},
                                                                                 {"gs_base", Segment::gs}}};
// Behind gdb's own, which end with mxcsr.
constexpr u32 first_system_number = 200;

constexpr std::size_t known_count = gpr::count + 2 + 2 * segment_count + 5;
constexpr auto known = [] {
    std::array<Known, known_count> all{};
    std::size_t next = 0;
    u32 number = 0;
    for (const auto& [name, index] : general)
        all[next++] = {describe(name, core_feature, "general", number++, 64), Kind::general, index};
    all[next] = {describe("rip", core_feature, "general", number++, 64), Kind::pc};
    all[next++].description.type = RegisterDescription::Type::code_pointer;
    all[next++] = {describe("eflags", core_feature, "general", number++, 32, flag_fields), Kind::flags};
    for (const auto& [name, segment] : selectors)
        all[next++] = {describe(name, core_feature, "general", number++, 32), Kind::selector,
                       static_cast<u32>(segment)};
    number = first_system_number;
    for (const auto& [name, segment] : bases)
        all[next++] = {describe(name, system_feature, "system", number++, 64), Kind::base, static_cast<u32>(segment)};
    all[next++] = {describe("cr0", system_feature, "system", number++, 64, cr0_fields), Kind::cr0};
    all[next++] = {describe("cr2", system_feature, "system", number++, 64), Kind::cr2};
    all[next++] = {describe("cr3", system_feature, "system", number++, 64, cr3_fields), Kind::cr3};
    all[next++] = {describe("cr4", system_feature, "system", number++, 64, cr4_fields), Kind::cr4};
    all[next++] = {describe("efer", system_feature, "system", number++, 64, efer_fields), Kind::efer};
    return all;
}();

constexpr auto descriptions = [] {
    std::array<RegisterDescription, known_count> all{};
    for (std::size_t i = 0; i < known_count; ++i) all[i] = known[i].description;
    return all;
}();

} // namespace

std::span<const RegisterDescription> ProcessorDebugView::registers() const { return descriptions; }

u64 ProcessorDebugView::read(std::size_t index) const {
    const Core& core = processor_.core();
    const State& state = core.state();
    const u32 number = known[index].number;
    switch (known[index].kind) {
    case Kind::general:
        return state.r[number];
    case Kind::pc: // debuggers know linear addresses only
        return state.pc;
    case Kind::flags:
        return current_flags(state);
    case Kind::selector:
        return state.segments[number].selector;
    case Kind::base:
        return state.segments[number].base;
    case Kind::cr0:
        return state.cr0;
    case Kind::cr2:
        return state.cr2;
    case Kind::cr3:
        return state.cr3;
    case Kind::cr4:
        return state.cr4;
    case Kind::efer:
        return state.efer;
    }
    return 0;
}

Status ProcessorDebugView::write(std::size_t index, u64 value) {
    State& state = processor_.core().state();
    switch (known[index].kind) {
    case Kind::general:
        state.r[known[index].number] = value;
        return {};
    case Kind::pc:
        state.pc = value;
        return {};
    case Kind::flags:
        set_flags(state, value);
        return {};
    case Kind::base:
        state.segments[known[index].number].base = value;
        return {};
    case Kind::cr2:
        state.cr2 = value;
        return {};
    default:
        return error("{} can't be written by a debugger: the CPU's mode depends on it", known[index].description.name);
    }
}

std::optional<GuestPhysical> ProcessorDebugView::translate(GuestVirtual address) const {
    return processor_.core().mmu().inspect(address.value).address;
}

Walk ProcessorDebugView::walk(GuestVirtual address) const { return tell_walk(processor_.core(), address.value); }

std::string_view ProcessorDebugView::llvm_triple() const {
    switch (Mode::of(processor_.core()).code) {
    case CodeSize::bits16:
        return "i386-unknown-unknown-code16";
    case CodeSize::bits32:
        return "i386-unknown-elf";
    case CodeSize::bits64:
        break;
    }
    return "x86_64-unknown-elf";
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

CpuWords ProcessorDebugView::words() const {
    CpuWords words{.privileges = {"ring 0", "ring 1", "ring 2", "ring 3"}, .exceptions = {}, .interrupts = {}, .code_mask = 0xff};
    for (u32 vector = 0; vector < 32; ++vector) words.exceptions.emplace_back(exception_name(static_cast<u8>(vector)));
    return words;
}

} // namespace orrery::x86
