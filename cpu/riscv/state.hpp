// The architectural state of one RISC-V hart as a plain struct: the translator runs on it, snapshots and debuggers see
// it through `fields`. Below it, the numbered slots by which IR addresses registers. Member initialisers are reset
// values.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "cpu/frontend.hpp"
#include "jit/ir/ir.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::riscv {

// II 1.2
enum class Privilege : u8 { user = 0, supervisor = 1, machine = 3 };

inline constexpr u32 pmp_entries = 16;
inline constexpr u32 event_counters = 29; // mhpmcounter3..31

struct State {
    // Slots, all 64 bits wide.
    std::array<u64, 32> x{}; // x[0] stays 0
    u64 pc = 0;
    std::array<u64, 32> f{}; // narrower values NaN-boxed
    u64 fflags = 0;          // bits 4:0, others stay 0
    u64 frm = 0;             // bits 2:0, others stay 0
    u64 mstatus = 0;         // without UXL, SXL (constant) and SD (derived from FS)
    u64 sscratch = 0;
    u64 sepc = 0;
    u64 scause = 0;
    u64 stval = 0;
    u64 mscratch = 0;
    u64 mepc = 0;
    u64 mcause = 0;
    u64 mtval = 0;

    Reservation reservation;
    Privilege privilege = Privilege::machine;
    bool halted = false; // in wfi

    // Interrupts. mip as software wrote it; the levels of the input pins and of the stimecmp comparison stand in
    // `irq_lines` (mip bits), which other threads change: std::atomic_ref only.
    u64 mip = 0;
    u64 mie = 0;
    u64 mideleg = 0;
    alignas(8) u64 irq_lines = 0;
    u64 stimecmp = ~u64{0};

    u64 medeleg = 0;
    u64 mtvec = 0;
    u64 stvec = 0;
    u64 satp = 0;
    u64 menvcfg = u64{1} << 61; // ADUE: A and D bits are set by hardware unless firmware wants faults
    u64 senvcfg = 0;
    u64 mcounteren = 0;
    u64 scounteren = 0;

    // Counters. mcycle and minstret are the retired instructions plus an offset, or stand still at the offset's value
    // while inhibited. The others are advanced from `counted_until` (retired instructions) when someone looks.
    u64 mcountinhibit = 0;
    u64 mcycle = 0;
    u64 minstret = 0;
    u64 counted_until = 0;
    std::array<u64, event_counters> mhpmcounter{};
    std::array<u64, event_counters> mhpmevent{};

    std::array<u8, pmp_entries> pmpcfg{};
    std::array<u64, pmp_entries> pmpaddr{};

    static constexpr void fields(auto& s, auto&& f) {
        f("x", s.x), f("pc", s.pc), f("f", s.f), f("fflags", s.fflags), f("frm", s.frm);
        f("privilege", s.privilege), f("halted", s.halted), f("reservation", s.reservation);
        f("mstatus", s.mstatus), f("mip", s.mip), f("mie", s.mie), f("mideleg", s.mideleg), f("medeleg", s.medeleg);
        f("irq_lines", s.irq_lines), f("stimecmp", s.stimecmp);
        f("mtvec", s.mtvec), f("mscratch", s.mscratch), f("mepc", s.mepc), f("mcause", s.mcause), f("mtval", s.mtval);
        f("stvec", s.stvec), f("sscratch", s.sscratch), f("sepc", s.sepc), f("scause", s.scause), f("stval", s.stval);
        f("satp", s.satp), f("menvcfg", s.menvcfg), f("senvcfg", s.senvcfg);
        f("mcounteren", s.mcounteren), f("scounteren", s.scounteren), f("mcountinhibit", s.mcountinhibit);
        f("mcycle", s.mcycle), f("minstret", s.minstret), f("counted_until", s.counted_until);
        f("mhpmcounter", s.mhpmcounter), f("mhpmevent", s.mhpmevent);
        f("pmpcfg", s.pmpcfg), f("pmpaddr", s.pmpaddr);
    }
};
static_assert(std::is_standard_layout_v<State>, "slots are found by their offsets");

// Slot numbers. Of the CSRs only those stand here that translated code may use directly: reading and writing them has
// no side effect (sepc and mepc: bit 0 must be written as 0), the privilege to do so is known from BlockKey::mode.
// Translated code that writes an f register or fflags must or `mstatus_fs_dirty` into slot::mstatus.
namespace slot {
constexpr u16 x(u32 number) { return static_cast<u16>(number - 1); } // x1..x31; x0 has none
inline constexpr u16 pc = 31;
constexpr u16 f(u32 number) { return static_cast<u16>(32 + number); }
inline constexpr u16 fflags = 64;
inline constexpr u16 frm = 65;
inline constexpr u16 mstatus = 66;
inline constexpr u16 sscratch = 67;
inline constexpr u16 sepc = 68;
inline constexpr u16 scause = 69;
inline constexpr u16 stval = 70;
inline constexpr u16 mscratch = 71;
inline constexpr u16 mepc = 72;
inline constexpr u16 mcause = 73;
inline constexpr u16 mtval = 74;
inline constexpr u16 count = 75;
} // namespace slot
inline constexpr u64 mstatus_fs_dirty = u64{3} << 13;

// BlockKey::mode: what changes the translation of the bytes at a pc.
struct Mode {
    Privilege privilege = Privilege::machine;
    bool float_enabled = false; // mstatus.FS isn't Off
    bool frm_reserved = false;  // frm holds 5, 6 or 7: an instruction with dynamic rounding is illegal

    [[nodiscard]] constexpr u64 pack() const {
        return static_cast<u64>(privilege) | (float_enabled ? 4u : 0u) | (frm_reserved ? 8u : 0u);
    }
    static constexpr Mode unpack(u64 mode) {
        return {static_cast<Privilege>(mode & 3), (mode & 4) != 0, (mode & 8) != 0};
    }
};

std::span<const ir::Slot> slots();
std::span<const u16> hot_slots();

} // namespace orrery::riscv
