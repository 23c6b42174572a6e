// Where everything lies in the machine that the differ's random programs run on.
//
// The firmware in the ROM sets the hart up at random and enters the random code; every trap comes back to it. The same
// addresses hold with paging off and on: the tables map ROM, device and RAM to themselves (with permissions that change
// all the time), and RAM's pages once more, in any order, at `alias_base`.
#pragma once

#include "machine/fabric/ram.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::test::differ {

inline constexpr u64 rom_base = 0x1000;
inline constexpr u64 rom_size = 0x8000;
inline constexpr u64 set_up = 0x1000;          // machine mode: everything anew; also the reset address
inline constexpr u64 machine_vectors = 0x1400; // the table of a vectored mtvec …
inline constexpr u64 machine_trap = 0x1600;    // … and what all of it leads to
inline constexpr u64 supervisor_vectors = 0x1800;
inline constexpr u64 supervisor_trap = 0x1a00;
inline constexpr u64 operands_supervisor = 0x2000; // a page of values, for gp
inline constexpr u64 operands_user = 0x6000;       // the same page where user mode may read it

inline constexpr u64 device_base = 0x1000'0000; // and again one page up, for user mode
inline constexpr u64 device_size = 2 * page_size;

inline constexpr u64 ram_base = 0x8000'0000;
inline constexpr u64 ram_pages = 32;
inline constexpr u64 ram_end = ram_base + ram_pages * page_size;
inline constexpr u64 code_pages = 4;
inline constexpr u64 code_end = ram_base + code_pages * page_size;

inline constexpr u64 alias_base = 0x4000'0000;
inline constexpr u64 large_base = 0x4020'0000; // a 2 MiB page of all RAM

inline constexpr u64 tables_base = 0xa000'0000;
inline constexpr u64 root_table = tables_base;
inline constexpr u64 low_table = tables_base + 0x1000;    // GiB 0: ROM and device
inline constexpr u64 alias_tables = tables_base + 0x2000; // GiB 1
inline constexpr u64 ram_tables = tables_base + 0x3000;   // GiB 2
inline constexpr u64 rom_leaves = tables_base + 0x4000;
inline constexpr u64 device_leaves = tables_base + 0x5000;
inline constexpr u64 alias_leaves = tables_base + 0x6000;
inline constexpr u64 ram_leaves = tables_base + 0x7000;
inline constexpr u64 tables_size = 0x8000;

// The device's registers. Reading one of the first group gives a new value each time.
namespace port {
enum Port : u64 {
    operand = 0x00,
    next = 0x08, // a pc to go on at, or one of the two below; lowers all interrupt lines
    pointer = 0x10,
    global_pointer = 0x18,
    mstatus = 0x20,
    satp = 0x28,
    medeleg = 0x30,
    mideleg = 0x38,
    mie = 0x40,
    mip = 0x48,
    mtvec = 0x50,
    stvec = 0x58,
    pmpaddr0 = 0x60,
    pmpaddr1 = 0x68,
    pmpcfg0 = 0x70,
    counteren = 0x78,
    envcfg = 0x80,
    stimecmp = 0x88,
    counter_event = 0x90,
    pte_place = 0x98,   // where a leaf entry lies …
    pte_value = 0xa0,   // … what is to be written there …
    pte_address = 0xa8, // … and which address it maps
    pc = 0xb0,
    rounding = 0xb8,
    lines = 0x100, // written: interrupt lines; read: something else every time
};
} // namespace port
inline constexpr u64 next_set_up = 0;
inline constexpr u64 next_change_page = 1;

} // namespace orrery::test::differ
