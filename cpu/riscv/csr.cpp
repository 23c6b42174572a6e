#include "cpu/riscv/csr.hpp"

#include <algorithm>
#include <array>

#include "cpu/riscv/csr_functions.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 any = ~u64{0};
constexpr u64 counters_mask = 0xffff'ffff;
constexpr u64 exceptions_delegable = 0xb3ff; // all that S and U mode can cause

constexpr auto status_fields = std::to_array<CsrField>({{"SIE", 1},
                                                        {"MIE", 3},
                                                        {"SPIE", 5},
                                                        {"MPIE", 7},
                                                        {"SPP", 8},
                                                        {"MPP", 11, 2},
                                                        {"FS", 13, 2},
                                                        {"MPRV", 17},
                                                        {"SUM", 18},
                                                        {"MXR", 19},
                                                        {"TVM", 20},
                                                        {"TW", 21},
                                                        {"TSR", 22},
                                                        {"UXL", 32, 2},
                                                        {"SXL", 34, 2},
                                                        {"SD", 63}});
constexpr auto supervisor_status_fields = std::to_array<CsrField>(
    {{"SIE", 1}, {"SPIE", 5}, {"SPP", 8}, {"FS", 13, 2}, {"SUM", 18}, {"MXR", 19}, {"UXL", 32, 2}, {"SD", 63}});
constexpr auto interrupt_fields =
    std::to_array<CsrField>({{"SSI", 1}, {"MSI", 3}, {"STI", 5}, {"MTI", 7}, {"SEI", 9}, {"MEI", 11}, {"LCOFI", 13}});
constexpr auto supervisor_interrupt_fields =
    std::to_array<CsrField>({{"SSI", 1}, {"STI", 5}, {"SEI", 9}, {"LCOFI", 13}});
constexpr auto exception_fields = std::to_array<CsrField>({{"fetch_misaligned", 0},
                                                           {"fetch_access", 1},
                                                           {"illegal", 2},
                                                           {"breakpoint", 3},
                                                           {"load_misaligned", 4},
                                                           {"load_access", 5},
                                                           {"store_misaligned", 6},
                                                           {"store_access", 7},
                                                           {"ecall_U", 8},
                                                           {"ecall_S", 9},
                                                           {"fetch_page", 12},
                                                           {"load_page", 13},
                                                           {"store_page", 15}});
constexpr auto isa_fields = std::to_array<CsrField>(
    {{"A", 0}, {"B", 1}, {"C", 2}, {"D", 3}, {"F", 5}, {"I", 8}, {"M", 12}, {"S", 18}, {"U", 20}, {"MXL", 62, 2}});
constexpr auto cause_fields = std::to_array<CsrField>({{"code", 0, 63}, {"interrupt", 63}});
constexpr auto vector_fields = std::to_array<CsrField>({{"mode", 0, 2}, {"base", 2, 62}});
constexpr auto satp_fields = std::to_array<CsrField>({{"PPN", 0, 44}, {"ASID", 44, 16}, {"MODE", 60, 4}});
constexpr auto menvcfg_fields = std::to_array<CsrField>(
    {{"FIOM", 0}, {"CBIE", 4, 2}, {"CBCFE", 6}, {"CBZE", 7}, {"ADUE", 61}, {"PBMTE", 62}, {"STCE", 63}});
constexpr auto senvcfg_fields = std::to_array<CsrField>({{"FIOM", 0}, {"CBIE", 4, 2}, {"CBCFE", 6}, {"CBZE", 7}});
constexpr auto fcsr_fields =
    std::to_array<CsrField>({{"NX", 0}, {"UF", 1}, {"OF", 2}, {"DZ", 3}, {"NV", 4}, {"frm", 5, 3}});
constexpr auto counter_fields = std::to_array<CsrField>({{"CY", 0}, {"TM", 1}, {"IR", 2}, {"HPM", 3, 29}});
constexpr auto event_fields =
    std::to_array<CsrField>({{"event", 0, 8}, {"UINH", 60}, {"SINH", 61}, {"MINH", 62}, {"OF", 63}});
// The eight entries of a pmpcfg register.
#define ORRERY_PMP_ENTRY(number, low)                                                                                  \
    {"R" #number, low}, {"W" #number, low + 1}, {"X" #number, low + 2}, {"A" #number, low + 3, 2},                     \
        {"L" #number, low + 7}
constexpr auto pmpcfg0_fields = std::to_array<CsrField>(
    {ORRERY_PMP_ENTRY(0, 0), ORRERY_PMP_ENTRY(1, 8), ORRERY_PMP_ENTRY(2, 16), ORRERY_PMP_ENTRY(3, 24),
     ORRERY_PMP_ENTRY(4, 32), ORRERY_PMP_ENTRY(5, 40), ORRERY_PMP_ENTRY(6, 48), ORRERY_PMP_ENTRY(7, 56)});
constexpr auto pmpcfg2_fields = std::to_array<CsrField>(
    {ORRERY_PMP_ENTRY(8, 0), ORRERY_PMP_ENTRY(9, 8), ORRERY_PMP_ENTRY(10, 16), ORRERY_PMP_ENTRY(11, 24),
     ORRERY_PMP_ENTRY(12, 32), ORRERY_PMP_ENTRY(13, 40), ORRERY_PMP_ENTRY(14, 48), ORRERY_PMP_ENTRY(15, 56)});
#undef ORRERY_PMP_ENTRY

constexpr auto single_rows = std::to_array<CsrDefinition>({
    // Floating point (I 12.2)
    {.number = 0x001,
     .storage = &State::fflags,
     .writable = 0x1f,
     .write = csr::write_fflags,
     .accessible = csr::float_accessible,
     .fields = std::span(fcsr_fields).first(5)},
    {.number = 0x002,
     .storage = &State::frm,
     .writable = 7,
     .write = csr::write_frm,
     .accessible = csr::float_accessible,
     .ends_block = true},
    {.number = 0x003,
     .writable = 0xff,
     .read = csr::read_fcsr,
     .write = csr::write_fcsr,
     .accessible = csr::float_accessible,
     .ends_block = true,
     .fields = fcsr_fields},

    // Supervisor (II 4.1)
    {.number = 0x100,
     .writable = mstatus::sstatus_writable,
     .read = csr::read_sstatus,
     .write = csr::write_sstatus,
     .ends_block = true,
     .fields = supervisor_status_fields},
    {.number = 0x104,
     .writable = mip::delegable,
     .read = csr::read_sie,
     .write = csr::write_sie,
     .ends_block = true,
     .fields = supervisor_interrupt_fields},
    {.number = 0x105,
     .storage = &State::stvec,
     .writable = any & ~u64{2},
     .write = csr::write_stvec,
     .fields = vector_fields},
    {.number = 0x106, .storage = &State::scounteren, .writable = counters_mask, .fields = counter_fields},
    {.number = 0x10a,
     .storage = &State::senvcfg,
     .writable = envcfg::senvcfg_writable,
     .write = csr::write_senvcfg,
     .fields = senvcfg_fields},
    {.number = 0x140, .storage = &State::sscratch, .writable = any},
    {.number = 0x141, .storage = &State::sepc, .writable = any & ~u64{1}},
    {.number = 0x142, .storage = &State::scause, .writable = any, .fields = cause_fields},
    {.number = 0x143, .storage = &State::stval, .writable = any},
    {.number = 0x144,
     .writable = mip::ssip | mip::lcofip,
     .read = csr::read_sip,
     .write = csr::write_sip,
     .read_to_modify = csr::read_sip_to_modify,
     .ends_block = true,
     .fields = supervisor_interrupt_fields},
    {.number = 0x14d,
     .storage = &State::stimecmp,
     .writable = any,
     .write = csr::write_stimecmp,
     .accessible = csr::stimecmp_accessible,
     .ends_block = true},
    {.number = 0x180,
     .storage = &State::satp,
     .writable = any,
     .write = csr::write_satp,
     .accessible = csr::satp_accessible,
     .ends_block = true,
     .fields = satp_fields},

    // Machine (II 3.1)
    {.number = 0x300,
     .writable = mstatus::writable,
     .read = csr::read_mstatus,
     .write = csr::write_mstatus,
     .ends_block = true,
     .fields = status_fields},
    {.number = 0x301, .read = csr::read_misa, .fields = isa_fields},
    {.number = 0x302, .storage = &State::medeleg, .writable = exceptions_delegable, .fields = exception_fields},
    {.number = 0x303,
     .storage = &State::mideleg,
     .writable = mip::delegable,
     .write = csr::write_mideleg,
     .ends_block = true,
     .fields = supervisor_interrupt_fields},
    {.number = 0x304,
     .storage = &State::mie,
     .writable = mip::all,
     .write = csr::write_mie,
     .ends_block = true,
     .fields = interrupt_fields},
    {.number = 0x305,
     .storage = &State::mtvec,
     .writable = any & ~u64{2},
     .write = csr::write_mtvec,
     .fields = vector_fields},
    {.number = 0x306, .storage = &State::mcounteren, .writable = counters_mask, .fields = counter_fields},
    {.number = 0x30a,
     .storage = &State::menvcfg,
     .writable = envcfg::senvcfg_writable | envcfg::adue | envcfg::pbmte | envcfg::stce,
     .write = csr::write_menvcfg,
     .ends_block = true,
     .fields = menvcfg_fields},
    {.number = 0x320,
     .storage = &State::mcountinhibit,
     .writable = counters_mask & ~u64{2},
     .write = csr::write_mcountinhibit,
     .fields = counter_fields},
    {.number = 0x340, .storage = &State::mscratch, .writable = any},
    {.number = 0x341, .storage = &State::mepc, .writable = any & ~u64{1}},
    {.number = 0x342, .storage = &State::mcause, .writable = any, .fields = cause_fields},
    {.number = 0x343, .storage = &State::mtval, .writable = any},
    {.number = 0x344,
     .writable = mip::ssip | mip::stip | mip::seip | mip::lcofip,
     .read = csr::read_mip,
     .write = csr::write_mip,
     .read_to_modify = csr::read_mip_to_modify,
     .ends_block = true,
     .fields = interrupt_fields},

    // Triggers (Sdtrig): tselect can be written, but there is none to select.
    {.number = 0x7a0, .read = csr::read_zero},
    {.number = 0x7a1, .read = csr::read_zero},
    {.number = 0x7a2, .read = csr::read_zero},
    {.number = 0x7a3, .read = csr::read_zero},
    {.number = 0x7a4, .read = csr::read_tinfo},

    // Counters (I 8, II 3.1.10, Sscofpmf)
    {.number = 0xb00, .writable = any, .read = csr::read_counter, .write = csr::write_counter, .needs_count = true},
    {.number = 0xb02, .writable = any, .read = csr::read_counter, .write = csr::write_counter, .needs_count = true},
    {.number = 0xc00, .read = csr::read_counter, .accessible = csr::counter_accessible, .needs_count = true},
    {.number = 0xc01, .read = csr::read_time, .accessible = csr::counter_accessible, .needs_count = true},
    {.number = 0xc02, .read = csr::read_counter, .accessible = csr::counter_accessible, .needs_count = true},
    {.number = 0xda0, .read = csr::read_scountovf, .needs_count = true},

    // Identity (II 3.1.2–3.1.5): an unnamed, non-commercial implementation, described by a device tree.
    {.number = 0xf11, .read = csr::read_zero},
    {.number = 0xf12, .read = csr::read_zero},
    {.number = 0xf13, .read = csr::read_zero},
    {.number = 0xf14, .read = csr::read_hart_id},
    {.number = 0xf15, .read = csr::read_zero},
});

constexpr std::size_t row_count = single_rows.size() + 3 * event_counters + 2 + pmp_entries;

constexpr auto rows = [] {
    std::array<CsrDefinition, row_count> table{};
    std::size_t next = 0;
    for (const CsrDefinition& row : single_rows) table[next++] = row;
    for (u32 i = 3; i < 3 + event_counters; ++i) {
        table[next++] = {.number = 0x320 + i,
                         .writable = mhpmevent::of | mhpmevent::minh | mhpmevent::sinh | mhpmevent::uinh | 3,
                         .read = csr::read_mhpmevent,
                         .write = csr::write_mhpmevent,
                         .ends_block = true,
                         .needs_count = true,
                         .fields = event_fields};
        table[next++] = {.number = 0xb00 + i,
                         .writable = any,
                         .read = csr::read_counter,
                         .write = csr::write_counter,
                         .needs_count = true};
        table[next++] = {
            .number = 0xc00 + i, .read = csr::read_counter, .accessible = csr::counter_accessible, .needs_count = true};
    }
    for (const u32 number : {0x3a0u, 0x3a2u}) // on RV64 the even ones hold eight entries each
        table[next++] = {.number = number,
                         .writable = 0x9f9f'9f9f'9f9f'9f9f,
                         .read = csr::read_pmpcfg,
                         .write = csr::write_pmpcfg,
                         .ends_block = true,
                         .fields = number == 0x3a0 ? std::span<const CsrField>(pmpcfg0_fields) : pmpcfg2_fields};
    for (u32 i = 0; i < pmp_entries; ++i)
        table[next++] = {.number = 0x3b0 + i,
                         .writable = bit(54) - 1,
                         .read = csr::read_pmpaddr,
                         .write = csr::write_pmpaddr,
                         .ends_block = true};
    std::ranges::sort(table, {}, &CsrDefinition::number);
    return table;
}();

constexpr u8 absent = 0xff;
static_assert(rows.size() < absent);
constexpr auto row_of_number = [] {
    std::array<u8, 4096> index{};
    index.fill(absent);
    for (std::size_t i = 0; i < rows.size(); ++i) index[rows[i].number] = static_cast<u8>(i);
    return index;
}();

u64 value_of(Hart& hart, const CsrDefinition& row) {
    return row.read ? row.read(hart, row.number) : hart.registers().*row.storage;
}

void set_value(Hart& hart, const CsrDefinition& row, u64 value) {
    if (row.write)
        row.write(hart, row.number, value);
    else if (row.storage)
        hart.registers().*row.storage = value & row.writable;
}

} // namespace

std::span<const CsrDefinition> csr_definitions() { return rows; }

const CsrDefinition* find_csr(u32 number) {
    const u8 index = row_of_number[number & 0xfff];
    return index == absent ? nullptr : &rows[index];
}

std::optional<u64> access_csr(Hart& hart, u32 number, CsrOperation operation, u64 value) {
    const CsrDefinition* row = find_csr(number);
    if (!row || hart.registers().privilege < csr_privilege(number)) return std::nullopt;
    if (operation != CsrOperation::read && csr_read_only(number)) return std::nullopt;
    if (row->accessible && !row->accessible(hart, number)) return std::nullopt;
    const u64 old = value_of(hart, *row);
    if (operation == CsrOperation::read) return old;
    if (operation != CsrOperation::write) {
        const u64 base = row->read_to_modify ? row->read_to_modify(hart, number) : old;
        value = operation == CsrOperation::set ? base | value : base & ~value;
    }
    set_value(hart, *row, value);
    return old;
}

std::optional<u64> peek_csr(Hart& hart, u32 number) {
    const CsrDefinition* row = find_csr(number);
    if (!row) return std::nullopt;
    return value_of(hart, *row);
}

void poke_csr(Hart& hart, u32 number, u64 value) {
    const CsrDefinition* row = find_csr(number);
    if (row && !csr_read_only(number)) set_value(hart, *row, value);
}

bool csr_needs_count(u32 number) {
    const CsrDefinition* row = find_csr(number);
    return row && row->needs_count;
}

bool csr_ends_block(u32 number, CsrOperation operation, std::optional<u64> mask) {
    const CsrDefinition* row = find_csr(number);
    if (!row || operation == CsrOperation::read || !row->ends_block) return false;
    if (operation != CsrOperation::clear) return true;
    // Disabling interrupts, as kernels do all the time, lets none in.
    const bool is_status = number == 0x100 || number == 0x300;
    const bool is_enable = number == 0x104 || number == 0x304;
    return !is_enable && !(is_status && mask && (*mask & ~(mstatus::sie | mstatus::mie)) == 0);
}

std::optional<CsrSlot> csr_slot(u32 number) {
    constexpr u64 even = ~u64{1};
    switch (number) {
    case 0x140:
        return CsrSlot{slot::sscratch, any};
    case 0x141:
        return CsrSlot{slot::sepc, even};
    case 0x142:
        return CsrSlot{slot::scause, any};
    case 0x143:
        return CsrSlot{slot::stval, any};
    case 0x340:
        return CsrSlot{slot::mscratch, any};
    case 0x341:
        return CsrSlot{slot::mepc, even};
    case 0x342:
        return CsrSlot{slot::mcause, any};
    case 0x343:
        return CsrSlot{slot::mtval, any};
    default:
        return std::nullopt;
    }
}

} // namespace orrery::riscv
