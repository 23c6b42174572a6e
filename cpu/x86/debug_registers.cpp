#include "cpu/x86/debug_registers.hpp"

#include <array>

#include "cpu/x86/control_registers.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/model.hpp"
#include "cpu/x86/processor.hpp"
#include "cpu/x86/x87_environment.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

using Field = RegisterField;
constexpr std::array flag_fields{
    Field{"CF", 0},  Field{"PF", 2},  Field{"AF", 4},   Field{"ZF", 6},       Field{"SF", 7},  Field{"TF", 8},
    Field{"IF", 9},  Field{"DF", 10}, Field{"OF", 11},  Field{"IOPL", 12, 2}, Field{"NT", 14}, Field{"RF", 16},
    Field{"VM", 17}, Field{"AC", 18}, Field{"VIF", 19}, Field{"VIP", 20},     Field{"ID", 21}};
constexpr std::array mxcsr_fields{Field{"IE", 0},  Field{"DE", 1},     Field{"ZE", 2},  Field{"OE", 3},
                                  Field{"UE", 4},  Field{"PE", 5},     Field{"DAZ", 6}, Field{"IM", 7},
                                  Field{"DM", 8},  Field{"ZM", 9},     Field{"OM", 10}, Field{"UM", 11},
                                  Field{"PM", 12}, Field{"RC", 13, 2}, Field{"FZ", 15}};
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
constexpr std::array xcr0_fields{Field{"X87", 0}, Field{"SSE", 1}, Field{"AVX", 2}};
constexpr std::array dr6_fields{Field{"B0", 0},  Field{"B1", 1},  Field{"B2", 2}, Field{"B3", 3},
                                Field{"BD", 13}, Field{"BS", 14}, Field{"BT", 15}};
constexpr std::array dr7_fields{Field{"L0", 0},       Field{"G0", 1},      Field{"L1", 2},       Field{"G1", 3},
                                Field{"L2", 4},       Field{"G2", 5},      Field{"L3", 6},       Field{"G3", 7},
                                Field{"LE", 8},       Field{"GE", 9},      Field{"GD", 13},      Field{"RW0", 16, 2},
                                Field{"LEN0", 18, 2}, Field{"RW1", 20, 2}, Field{"LEN1", 22, 2}, Field{"RW2", 24, 2},
                                Field{"LEN2", 26, 2}, Field{"RW3", 28, 2}, Field{"LEN3", 30, 2}};
// Of a segment: bits 55:40 of its descriptor.
constexpr std::array rights_fields{Field{"TYPE", 0, 4}, Field{"S", 4},  Field{"DPL", 5, 2}, Field{"P", 7},
                                   Field{"AVL", 12},    Field{"L", 13}, Field{"DB", 14},    Field{"G", 15}};

enum class Kind : u8 {
    general,
    general32, // the low half
    pc,
    pc32,
    flags,
    selector,
    base,
    limit,
    rights,
    x87,
    x87_control,
    x87_status,
    x87_tags,
    x87_instruction,
    x87_data,
    x87_opcode,
    x87_nothing, // selectors, which aren't kept
    xmm,
    ymm_high,
    mxcsr,
    cr0,
    cr2,
    cr3,
    cr4,
    cr8,
    efer,
    xcr0,
    debug,
    dr6,
    dr7,
    gdt_base,
    gdt_limit,
    idt_base,
    idt_limit,
    ldt,
    ldt_base,
    ldt_limit,
    task,
    task_base,
    task_limit,
    tsc,
    msr, // `number` is that of Msrs
};

// MSRs that are plain values.
constexpr std::array<std::pair<std::string_view, u64 State::*>, 13> msrs{{{"star", &State::star},
                                                                          {"lstar", &State::lstar},
                                                                          {"cstar", &State::cstar},
                                                                          {"sfmask", &State::sfmask},
                                                                          {"k_gs_base", &State::kernel_gs_base},
                                                                          {"sysenter_cs", &State::sysenter_cs},
                                                                          {"sysenter_esp", &State::sysenter_esp},
                                                                          {"sysenter_eip", &State::sysenter_eip},
                                                                          {"pat", &State::pat},
                                                                          {"misc_enable", &State::misc_enable},
                                                                          {"spec_ctrl", &State::spec_ctrl},
                                                                          {"tsc_adjust", &State::tsc_adjust},
                                                                          {"tsc_aux", &State::tsc_aux}}};

struct Known {
    RegisterDescription description;
    Kind kind = Kind::general;
    u32 number = 0;
};

using Type = RegisterDescription::Type;
constexpr std::string_view core_feature = "org.gnu.gdb.i386.core";
constexpr std::string_view sse_feature = "org.gnu.gdb.i386.sse";
constexpr std::string_view segments_feature = "org.gnu.gdb.i386.segments";
constexpr std::string_view avx_feature = "org.gnu.gdb.i386.avx";
constexpr std::string_view system_feature = "org.orrery.x86.system";

constexpr u32 most_known = 200, ymm_count = 16;

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
// What a debugger wants to find that has taken the guest for a 32-bit one.
constexpr std::array<std::pair<std::string_view, u32>, 8> general32{{{"eax", gpr::rax},
                                                                     {"ecx", gpr::rcx},
                                                                     {"edx", gpr::rdx},
                                                                     {"ebx", gpr::rbx},
                                                                     {"esp", gpr::rsp},
                                                                     {"ebp", gpr::rbp},
                                                                     {"esi", gpr::rsi},
                                                                     {"edi", gpr::rdi}}};
constexpr std::array<std::pair<std::string_view, Segment>, segment_count> selectors{{{"cs", Segment::cs},
                                                                                     {"ss", Segment::ss},
                                                                                     {"ds", Segment::ds},
                                                                                     {"es", Segment::es},
                                                                                     {"fs", Segment::fs},
                                                                                     {"gs", Segment::gs}}};
// Names of what belongs to the segments, in the same order.
constexpr std::array<std::string_view, segment_count> bases{"cs_base", "ss_base", "ds_base",
                                                            "es_base", "fs_base", "gs_base"};
constexpr std::array<std::string_view, segment_count> limits{"cs_limit", "ss_limit", "ds_limit",
                                                             "es_limit", "fs_limit", "gs_limit"};
constexpr std::array<std::string_view, segment_count> all_rights{"cs_rights", "ss_rights", "ds_rights",
                                                                 "es_rights", "fs_rights", "gs_rights"};
constexpr std::array<std::string_view, 8> x87_names{"st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7"};
constexpr std::array<std::string_view, 16> xmm_names{"xmm0",  "xmm1",  "xmm2",  "xmm3", "xmm4",  "xmm5",
                                                     "xmm6",  "xmm7",  "xmm8",  "xmm9", "xmm10", "xmm11",
                                                     "xmm12", "xmm13", "xmm14", "xmm15"};
constexpr std::array<std::string_view, 16> ymm_names{"ymm0h",  "ymm1h",  "ymm2h",  "ymm3h", "ymm4h",  "ymm5h",
                                                     "ymm6h",  "ymm7h",  "ymm8h",  "ymm9h", "ymm10h", "ymm11h",
                                                     "ymm12h", "ymm13h", "ymm14h", "ymm15h"};

struct Registers {
    std::array<Known, most_known> all{};
    std::size_t count = 0;

    constexpr void add(std::string_view name, std::string_view feature, std::string_view group, u32 bits, Kind kind,
                       u32 number = 0, Type type = Type::integer, std::span<const Field> fields = {}) {
        all[count] = {{.name = name,
                       .alias = {},
                       .feature = feature,
                       .group = group,
                       .number = static_cast<u32>(count),
                       .bits = bits,
                       .type = fields.empty() ? type : Type::flags,
                       .fields = fields},
                      kind,
                      number};
        ++count;
    }
    constexpr void system(std::string_view name, u32 bits, Kind kind, u32 number = 0,
                          std::span<const Field> fields = {}) {
        add(name, system_feature, "system", bits, kind, number, Type::integer, fields);
    }
};

// In gdb's order up to gs_base, which numbers them.
constexpr Registers known = [] {
    Registers r;
    for (const auto& [name, number] : general) {
        const bool pointer = number == gpr::rsp || number == gpr::rbp;
        r.add(name, core_feature, "general", 64, Kind::general, number, pointer ? Type::data_pointer : Type::integer);
    }
    r.add("rip", core_feature, "general", 64, Kind::pc, 0, Type::code_pointer);
    r.add("eflags", core_feature, "general", 32, Kind::flags, 0, Type::flags, flag_fields);
    for (const auto& [name, segment] : selectors)
        r.add(name, core_feature, "general", 32, Kind::selector, static_cast<u32>(segment));
    for (u32 i = 0; i < x87_names.size(); ++i)
        r.add(x87_names[i], core_feature, "float", 80, Kind::x87, i, Type::x87_extended);
    r.add("fctrl", core_feature, "float", 32, Kind::x87_control);
    r.add("fstat", core_feature, "float", 32, Kind::x87_status);
    r.add("ftag", core_feature, "float", 32, Kind::x87_tags);
    r.add("fiseg", core_feature, "float", 32, Kind::x87_nothing);
    r.add("fioff", core_feature, "float", 32, Kind::x87_instruction);
    r.add("foseg", core_feature, "float", 32, Kind::x87_nothing);
    r.add("fooff", core_feature, "float", 32, Kind::x87_data);
    r.add("fop", core_feature, "float", 32, Kind::x87_opcode);
    for (u32 i = 0; i < xmm_names.size(); ++i)
        r.add(xmm_names[i], sse_feature, "vector", 128, Kind::xmm, i, Type::vector128);
    r.add("mxcsr", sse_feature, "vector", 32, Kind::mxcsr, 0, Type::flags, mxcsr_fields);
    for (const Segment segment : {Segment::fs, Segment::gs})
        r.add(bases[static_cast<std::size_t>(segment)], segments_feature, "general", 64, Kind::base,
              static_cast<u32>(segment));
    for (u32 i = 0; i < segment_count; ++i) {
        const u32 number = static_cast<u32>(selectors[i].second);
        const bool has_gdbs = selectors[i].second == Segment::fs || selectors[i].second == Segment::gs;
        if (!has_gdbs) r.system(bases[i], 64, Kind::base, number);
        r.system(limits[i], 32, Kind::limit, number);
        r.system(all_rights[i], 32, Kind::rights, number, rights_fields);
    }
    r.system("gdt_base", 64, Kind::gdt_base);
    r.system("gdt_limit", 32, Kind::gdt_limit);
    r.system("idt_base", 64, Kind::idt_base);
    r.system("idt_limit", 32, Kind::idt_limit);
    r.system("ldt", 32, Kind::ldt);
    r.system("ldt_base", 64, Kind::ldt_base);
    r.system("ldt_limit", 32, Kind::ldt_limit);
    r.system("tr", 32, Kind::task);
    r.system("tr_base", 64, Kind::task_base);
    r.system("tr_limit", 32, Kind::task_limit);
    r.system("cr0", 64, Kind::cr0, 0, cr0_fields);
    r.system("cr2", 64, Kind::cr2);
    r.system("cr3", 64, Kind::cr3, 0, cr3_fields);
    r.system("cr4", 64, Kind::cr4, 0, cr4_fields);
    r.system("cr8", 64, Kind::cr8);
    r.system("efer", 64, Kind::efer, 0, efer_fields);
    r.system("xcr0", 64, Kind::xcr0, 0, xcr0_fields);
    for (u32 i = 0; i < 4; ++i) {
        constexpr std::array<std::string_view, 4> names{"dr0", "dr1", "dr2", "dr3"};
        r.system(names[i], 64, Kind::debug, i);
    }
    r.system("dr6", 64, Kind::dr6, 0, dr6_fields);
    r.system("dr7", 64, Kind::dr7, 0, dr7_fields);
    r.system("tsc", 64, Kind::tsc);
    for (u32 i = 0; i < msrs.size(); ++i) r.system(msrs[i].first, 64, Kind::msr, i);
    // As plain numbers: how long a pointer is, depends on what the debugger has taken the guest for.
    for (const auto& [name, number] : general32) r.add(name, core_feature, "32-bit", 32, Kind::general32, number);
    r.add("eip", core_feature, "32-bit", 32, Kind::pc32);
    for (u32 i = 0; i < ymm_count; ++i)
        r.add(ymm_names[i], avx_feature, "vector", 128, Kind::ymm_high, i, Type::vector128);
    return r;
}();

constexpr auto descriptions = [] {
    std::array<RegisterDescription, known.count> all{};
    for (std::size_t i = 0; i < known.count; ++i) all[i] = known.all[i].description;
    return all;
}();

u32 physical(const X87& x87, u32 number) { return (x87.top + number) & 7; }

} // namespace

std::span<const RegisterDescription> register_descriptions(bool with_avx) {
    return std::span(descriptions).first(known.count - (with_avx ? 0 : ymm_count));
}

RegisterValue read_register(const Processor& processor, std::size_t index) {
    const State& state = processor.core().state();
    const X87& x87 = state.x87;
    const u32 number = known.all[index].number;
    switch (known.all[index].kind) {
    case Kind::general:
        return {state.r[number]};
    case Kind::general32:
        return {state.r[number] & 0xffff'ffff};
    case Kind::pc: // debuggers know linear addresses only
        return {state.pc};
    case Kind::pc32:
        return {state.pc & 0xffff'ffff};
    case Kind::flags:
        return {current_flags(state)};
    case Kind::selector:
        return {state.segments[number].selector};
    case Kind::base:
        return {state.segments[number].base};
    case Kind::limit:
        return {state.segments[number].limit};
    case Kind::rights:
        return {state.segments[number].rights};
    case Kind::x87: {
        const X87::Register& value = x87.registers[physical(x87, number)];
        return {value.significand, value.sign_exponent};
    }
    case Kind::x87_control:
        return {x87.control};
    case Kind::x87_status:
        return {x87.status | u64{x87.top} << 11};
    case Kind::x87_tags:
        return {x87_tag_word(x87)};
    case Kind::x87_instruction:
        return {x87.instruction & 0xffff'ffff};
    case Kind::x87_data:
        return {x87.data & 0xffff'ffff};
    case Kind::x87_opcode:
        return {x87.opcode};
    case Kind::x87_nothing:
        return {};
    case Kind::xmm:
        return {state.xmm[number][0], state.xmm[number][1]};
    case Kind::ymm_high:
        return {state.ymm_high[number][0], state.ymm_high[number][1]};
    case Kind::mxcsr:
        return {state.mxcsr};
    case Kind::cr0:
        return {state.cr0};
    case Kind::cr2:
        return {state.cr2};
    case Kind::cr3:
        return {state.cr3};
    case Kind::cr4:
        return {state.cr4};
    case Kind::cr8: {
        const LocalInterrupts* interrupts = processor.configuration().interrupts;
        return {interrupts ? u64{interrupts->task_priority()} >> 4 : 0};
    }
    case Kind::efer:
        return {state.efer};
    case Kind::xcr0:
        return {state.xcr0};
    case Kind::debug:
        return {state.dr[number]};
    case Kind::dr6:
        return {state.dr6};
    case Kind::dr7:
        return {state.dr7};
    case Kind::gdt_base:
        return {state.gdtr.base};
    case Kind::gdt_limit:
        return {state.gdtr.limit};
    case Kind::idt_base:
        return {state.idtr.base};
    case Kind::idt_limit:
        return {state.idtr.limit};
    case Kind::ldt:
        return {state.ldtr.selector};
    case Kind::ldt_base:
        return {state.ldtr.base};
    case Kind::ldt_limit:
        return {state.ldtr.limit};
    case Kind::task:
        return {state.tr.selector};
    case Kind::task_base:
        return {state.tr.base};
    case Kind::task_limit:
        return {state.tr.limit};
    case Kind::tsc:
        return {processor.time_stamp()};
    case Kind::msr:
        return {state.*msrs[number].second};
    }
    return {};
}

namespace {

Status taken(std::string_view name, u64 value, const Faulting<void>& written) {
    if (written) return {};
    return error("{} can't become {:#x}: to an instruction that would be an exception", name, value);
}

} // namespace

Status write_register(Processor& processor, std::size_t index, RegisterValue value) {
    Core& core = processor.core();
    State& state = core.state();
    X87& x87 = state.x87;
    const std::string_view name = known.all[index].description.name;
    const u32 number = known.all[index].number;
    switch (known.all[index].kind) {
    case Kind::general:
        state.r[number] = value.low;
        return {};
    case Kind::general32: // as an instruction does
        state.r[number] = value.low & 0xffff'ffff;
        return {};
    case Kind::pc:
        state.pc = value.low;
        return {};
    case Kind::pc32:
        state.pc = value.low & 0xffff'ffff;
        return {};
    case Kind::flags: {
        // Virtual-8086 mode would need other segments.
        set_flags(state, (value.low & ~flag::virtual_8086) | (state.rflags & flag::virtual_8086));
        return {};
    }
    case Kind::base:
        state.segments[number].base = value.low;
        return {};
    case Kind::x87:
        x87.registers[physical(x87, number)] = {value.low, static_cast<u16>(value.high)};
        x87.valid = static_cast<u8>(x87.valid | 1U << physical(x87, number));
        return {};
    case Kind::x87_control:
        x87.control = static_cast<u16>((value.low & x87_control_bits) | x87_control_fixed);
        return {};
    case Kind::x87_tags:
        x87.valid = 0;
        for (u32 i = 0; i < 8; ++i)
            if ((value.low >> (2 * i) & 3) != 3) x87.valid = static_cast<u8>(x87.valid | 1U << i);
        return {};
    case Kind::xmm:
        state.xmm[number] = {value.low, value.high};
        return {};
    case Kind::ymm_high:
        state.ymm_high[number] = {value.low, value.high};
        return {};
    case Kind::mxcsr:
        if (value.low >> 16 != 0) return error("mxcsr has 16 bits");
        state.mxcsr = value.low;
        return {};
    case Kind::cr0:
        return taken(name, value.low, write_cr0(core, value.low));
    case Kind::cr2:
        state.cr2 = value.low;
        return {};
    case Kind::cr3:
        return taken(name, value.low, write_cr3(core, value.low));
    case Kind::cr4:
        return taken(name, value.low, write_cr4(core, value.low, known_cr4(processor.configuration().features)));
    case Kind::efer:
        return taken(name, value.low, write_efer(core, value.low));
    default:
        return error("{} can't be written by a debugger", name);
    }
}

} // namespace orrery::x86
