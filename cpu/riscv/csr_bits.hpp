// Fields of the CSRs, and the numbers of exceptions and interrupts, by the names of the privileged manual.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

// II 3.1.15, table of mcause: exceptions.
enum class Exception : u64 {
    instruction_address_misaligned = 0,
    instruction_access_fault = 1,
    illegal_instruction = 2,
    breakpoint = 3,
    load_address_misaligned = 4,
    load_access_fault = 5,
    store_address_misaligned = 6,
    store_access_fault = 7,
    ecall_from_user = 8,
    ecall_from_supervisor = 9,
    ecall_from_machine = 11,
    instruction_page_fault = 12,
    load_page_fault = 13,
    store_page_fault = 15,
};

// Interrupts, by their bit in mip and mie; also the numbers of a hart's input pins.
namespace irq {
inline constexpr u32 supervisor_software = 1;
inline constexpr u32 machine_software = 3;
inline constexpr u32 supervisor_timer = 5;
inline constexpr u32 machine_timer = 7;
inline constexpr u32 supervisor_external = 9;
inline constexpr u32 machine_external = 11;
inline constexpr u32 counter_overflow = 13;
} // namespace irq

constexpr u64 bit(u32 number) { return u64{1} << number; }
constexpr u64 field(u64 value, u32 low, u32 width) { return (value >> low) & (bit(width) - 1); }
constexpr u64 with_field(u64 value, u32 low, u32 width, u64 to) {
    return (value & ~((bit(width) - 1) << low)) | ((to & (bit(width) - 1)) << low);
}

namespace mip {
inline constexpr u64 ssip = bit(irq::supervisor_software);
inline constexpr u64 msip = bit(irq::machine_software);
inline constexpr u64 stip = bit(irq::supervisor_timer);
inline constexpr u64 mtip = bit(irq::machine_timer);
inline constexpr u64 seip = bit(irq::supervisor_external);
inline constexpr u64 meip = bit(irq::machine_external);
inline constexpr u64 lcofip = bit(irq::counter_overflow);
inline constexpr u64 all = ssip | msip | stip | mtip | seip | meip | lcofip;
inline constexpr u64 delegable = ssip | stip | seip | lcofip;
} // namespace mip

namespace mstatus {
inline constexpr u64 sie = bit(1), mie = bit(3), spie = bit(5), mpie = bit(7), spp = bit(8);
inline constexpr u32 mpp_low = 11, fs_low = 13;
inline constexpr u64 mpp = u64{3} << mpp_low, fs = u64{3} << fs_low;
inline constexpr u64 mprv = bit(17), sum = bit(18), mxr = bit(19), tvm = bit(20), tw = bit(21), tsr = bit(22);
inline constexpr u64 xlen_64 = u64{2} << 32 | u64{2} << 34; // UXL, SXL
inline constexpr u64 sd = bit(63);
inline constexpr u64 writable = sie | mie | spie | mpie | spp | mpp | fs | mprv | sum | mxr | tvm | tw | tsr;
inline constexpr u64 sstatus_writable = sie | spie | spp | fs | sum | mxr;
inline constexpr u64 sstatus_visible = sstatus_writable | u64{3} << 32 | sd;
} // namespace mstatus

namespace envcfg {
inline constexpr u64 fiom = bit(0), cbcfe = bit(6), cbze = bit(7), adue = bit(61), pbmte = bit(62), stce = bit(63);
inline constexpr u32 cbie_low = 4;
inline constexpr u64 senvcfg_writable = fiom | u64{3} << cbie_low | cbcfe | cbze;
} // namespace envcfg

namespace satp {
inline constexpr u32 mode_low = 60, asid_low = 44;
inline constexpr u64 ppn = bit(44) - 1;
inline constexpr u64 bare = 0, sv39 = 8, sv48 = 9, sv57 = 10;
} // namespace satp

// Sscofpmf
namespace mhpmevent {
inline constexpr u64 of = bit(63), minh = bit(62), sinh = bit(61), uinh = bit(60);
inline constexpr u64 selector = bit(8) - 1;
inline constexpr u64 cycles = 1, instructions = 2; // the events there are
} // namespace mhpmevent

// Counter numbers in mcounteren, scounteren and mcountinhibit.
namespace counter {
inline constexpr u32 cycle = 0, time = 1, instret = 2, first_event = 3;
} // namespace counter

namespace pmpcfg {
inline constexpr u8 r = 1, w = 2, x = 4, a_low = 3, l = 0x80;
inline constexpr u8 off = 0, tor = 1, na4 = 2, napot = 3;
} // namespace pmpcfg

} // namespace orrery::riscv
