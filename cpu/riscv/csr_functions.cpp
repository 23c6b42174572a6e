#include "cpu/riscv/csr_functions.hpp"

#include "cpu/riscv/exceptions.hpp"

namespace orrery::riscv::csr {
namespace {

constexpr u32 first_pmpcfg = 0x3a0, first_pmpaddr = 0x3b0, first_mhpmevent = 0x320;
constexpr u64 counters_inhibitable = 0xffff'fffd; // all but time

constexpr u64 letters(std::string_view text) {
    u64 bits = 0;
    for (const char letter : text) bits |= bit(static_cast<u32>(letter - 'A'));
    return bits;
}
// B stands for Zba, Zbb and Zbs together.
constexpr u64 misa_64 = u64{2} << 62 | letters("ABCDFIMSU");

void mark_float_dirty(Hart& hart) { hart.registers().mstatus |= mstatus_fs_dirty; }

void set_frm(Hart& hart, u64 value) {
    State& state = hart.registers();
    const bool was_reserved = state.frm > 4;
    state.frm = value & 7;
    if (was_reserved != (state.frm > 4)) hart.services().leave_after(); // BlockKey::mode
}

void change_mstatus(Hart& hart, u64 value) {
    State& state = hart.registers();
    const bool float_was_enabled = (state.mstatus & mstatus::fs) != 0;
    hart.set_mode(state.privilege, value);
    if (float_was_enabled != ((value & mstatus::fs) != 0)) hart.services().leave_after(); // BlockKey::mode
    hart.leave_if_interrupted();
}

// MODE 2 and 3 are reserved: the register stays as it is.
void write_vector(Hart& hart, u64& vector, u64 value) {
    if ((value & 2) == 0) {
        vector = value;
    } else {
        hart.note_refused_vector(value);
    }
}

u64 mip_writable(const State& state) {
    const u64 timer = (state.menvcfg & envcfg::stce) == 0 ? mip::stip : 0; // Sstc: read-only when stimecmp drives it
    return mip::ssip | mip::seip | mip::lcofip | timer;
}

u64 sip_writable(const State& state) { return (mip::ssip | mip::lcofip) & state.mideleg; }

// CBIE 2 is reserved and becomes 0.
u64 legal_envcfg(u64 value) {
    return field(value, envcfg::cbie_low, 2) == 2 ? with_field(value, envcfg::cbie_low, 2, 0) : value;
}

void advance_counters(Hart& hart) {
    if (hart.counters().active()) hart.counters().advance(hart.services().retired());
}

bool is_fixed(u32 index) { return index == counter::cycle || index == counter::instret; }

} // namespace

u64 read_fcsr(Hart& hart, u32) { return hart.registers().frm << 5 | hart.registers().fflags; }

void write_fflags(Hart& hart, u32, u64 value) {
    hart.registers().fflags = value & 0x1f;
    mark_float_dirty(hart);
}

void write_frm(Hart& hart, u32, u64 value) {
    set_frm(hart, value);
    mark_float_dirty(hart);
}

void write_fcsr(Hart& hart, u32 number, u64 value) {
    write_fflags(hart, number, value);
    set_frm(hart, value >> 5);
}

bool float_accessible(Hart& hart, u32) { return (hart.registers().mstatus & mstatus::fs) != 0; }

u64 read_zero(Hart&, u32) { return 0; }
u64 read_misa(Hart&, u32) { return misa_64; }
u64 read_hart_id(Hart& hart, u32) { return hart.configuration().hart_id; }
// tinfo.INFO bit 0: there is no trigger at this tselect (Sdtrig 5.7.5).
u64 read_tinfo(Hart&, u32) { return 1; }

u64 read_mstatus(Hart& hart, u32) {
    const u64 value = hart.registers().mstatus | mstatus::xlen_64;
    return (value & mstatus::fs) == mstatus::fs ? value | mstatus::sd : value;
}

void write_mstatus(Hart& hart, u32, u64 value) {
    const u64 old = hart.registers().mstatus;
    value &= mstatus::writable;
    if (field(value, mstatus::mpp_low, 2) == 2) value = (value & ~mstatus::mpp) | (old & mstatus::mpp);
    change_mstatus(hart, value);
}

u64 read_sstatus(Hart& hart, u32 number) { return read_mstatus(hart, number) & mstatus::sstatus_visible; }

void write_sstatus(Hart& hart, u32, u64 value) {
    const u64 kept = hart.registers().mstatus & ~mstatus::sstatus_writable;
    change_mstatus(hart, kept | (value & mstatus::sstatus_writable));
}

void write_mtvec(Hart& hart, u32, u64 value) { write_vector(hart, hart.registers().mtvec, value); }
void write_stvec(Hart& hart, u32, u64 value) { write_vector(hart, hart.registers().stvec, value); }

void write_mideleg(Hart& hart, u32, u64 value) {
    hart.registers().mideleg = value & mip::delegable;
    hart.leave_if_interrupted();
}

void write_mie(Hart& hart, u32, u64 value) {
    hart.registers().mie = value & mip::all;
    hart.leave_if_interrupted();
}

u64 read_mip(Hart& hart, u32) { return pending_interrupts(hart.registers()); }

// II 3.1.9: SEIP reads as the pin or the bit, csrrs and csrrc combine with the bit alone.
u64 read_mip_to_modify(Hart& hart, u32) { return hart.registers().mip; }

void write_mip(Hart& hart, u32, u64 value) {
    State& state = hart.registers();
    const u64 writable = mip_writable(state);
    state.mip = (state.mip & ~writable) | (value & writable);
    hart.leave_if_interrupted();
}

u64 read_sie(Hart& hart, u32) { return hart.registers().mie & hart.registers().mideleg; }

void write_sie(Hart& hart, u32, u64 value) {
    State& state = hart.registers();
    state.mie = (state.mie & ~state.mideleg) | (value & state.mideleg);
    hart.leave_if_interrupted();
}

u64 read_sip(Hart& hart, u32) { return pending_interrupts(hart.registers()) & hart.registers().mideleg; }
u64 read_sip_to_modify(Hart& hart, u32) { return hart.registers().mip; }

void write_sip(Hart& hart, u32, u64 value) {
    State& state = hart.registers();
    const u64 writable = sip_writable(state);
    state.mip = (state.mip & ~writable) | (value & writable);
    hart.leave_if_interrupted();
}

void write_stimecmp(Hart& hart, u32, u64 value) {
    hart.timer().set_compare(value);
    hart.leave_if_interrupted();
}

// Sstc 2: below machine mode it takes both mcounteren.TM and menvcfg.STCE.
bool stimecmp_accessible(Hart& hart, u32) {
    const State& state = hart.registers();
    if (!hart.configuration().supervisor_timer) return false;
    if (state.privilege == Privilege::machine) return true;
    return (state.mcounteren & bit(counter::time)) != 0 && (state.menvcfg & envcfg::stce) != 0;
}

void write_menvcfg(Hart& hart, u32, u64 value) {
    u64 writable = envcfg::senvcfg_writable | envcfg::pbmte;
    if (hart.configuration().supervisor_timer) writable |= envcfg::stce;
    if (hart.configuration().hardware_page_updates) writable |= envcfg::adue;
    hart.registers().menvcfg = legal_envcfg(value & writable);
    hart.leave_if_interrupted();
}

void write_senvcfg(Hart& hart, u32, u64 value) {
    hart.registers().senvcfg = legal_envcfg(value & envcfg::senvcfg_writable);
}

// II 4.1.11: a write with an unsupported MODE has no effect at all. Entries remembered under another MODE would be out
// of sfence.vma's reach, so they go when it changes. The next fetch may be mapped otherwise.
void write_satp(Hart& hart, u32, u64 value) {
    State& state = hart.registers();
    const u64 mode = field(value, satp::mode_low, 4);
    const u64 highest = satp::sv39 + hart.configuration().paging_levels - 3;
    if (mode == satp::bare)
        value = 0;
    else if (mode < satp::sv39 || mode > highest)
        return;
    if (mode != field(state.satp, satp::mode_low, 4)) hart.services().flush_all();
    state.satp = value;
    hart.services().context_changed();
    hart.services().leave_after();
}

bool satp_accessible(Hart& hart, u32) {
    const State& state = hart.registers();
    return state.privilege == Privilege::machine || (state.mstatus & mstatus::tvm) == 0;
}

u64 read_pmpcfg(Hart& hart, u32 number) { return hart.pmp().read_configuration((number - first_pmpcfg) * 4); }

void write_pmpcfg(Hart& hart, u32 number, u64 value) {
    if (!hart.pmp().write_configuration((number - first_pmpcfg) * 4, value)) return;
    hart.services().flush_all();
    hart.services().leave_after();
}

u64 read_pmpaddr(Hart& hart, u32 number) { return hart.registers().pmpaddr[number - first_pmpaddr]; }

void write_pmpaddr(Hart& hart, u32 number, u64 value) {
    if (!hart.pmp().write_address(number - first_pmpaddr, value)) return;
    hart.services().flush_all();
    hart.services().leave_after();
}

u64 read_counter(Hart& hart, u32 number) {
    const u32 index = number & 31;
    if (is_fixed(index)) return hart.counters().read_fixed(index, hart.services().retired());
    advance_counters(hart);
    return hart.counters().read_event_counter(index);
}

// II 3.1.11, 4.1.5. Only the user numbers of counters are guarded so.
bool counter_accessible(Hart& hart, u32 number) {
    const State& state = hart.registers();
    const u64 enable = bit(number & 31);
    switch (state.privilege) {
    case Privilege::machine:
        return true;
    case Privilege::supervisor:
        return (state.mcounteren & enable) != 0;
    case Privilege::user:
        break;
    }
    return (state.mcounteren & state.scounteren & enable) != 0;
}

void write_counter(Hart& hart, u32 number, u64 value) {
    const u32 index = number & 31;
    if (is_fixed(index)) {
        hart.counters().write_fixed(index, value, hart.services().retired());
        return;
    }
    advance_counters(hart);
    hart.counters().write_event_counter(index, value);
}

u64 read_time(Hart& hart, u32) { return hart.timer().time(); }

void write_mcountinhibit(Hart& hart, u32, u64 value) {
    hart.counters().write_inhibit(value & counters_inhibitable, hart.services().retired());
}

u64 read_mhpmevent(Hart& hart, u32 number) {
    advance_counters(hart);
    return hart.counters().read_event(number - first_mhpmevent);
}

void write_mhpmevent(Hart& hart, u32 number, u64 value) {
    // Also when none is active yet: this one counts from here on.
    hart.counters().advance(hart.services().retired());
    hart.counters().write_event(number - first_mhpmevent, value);
    hart.leave_if_interrupted();
}

// Sscofpmf 3: supervisor mode sees the counters that mcounteren lets it read.
u64 read_scountovf(Hart& hart, u32) {
    advance_counters(hart);
    const State& state = hart.registers();
    const u64 visible = state.privilege == Privilege::machine ? ~u64{0} : state.mcounteren;
    return hart.counters().overflowed() & visible;
}

} // namespace orrery::riscv::csr
