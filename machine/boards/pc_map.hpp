// The addresses, ports and interrupts of the boards pc and q35, as QEMU's machines of these names have them.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::pc {

struct Place {
    u64 base;
    u64 size;
};

// ---- memory
inline constexpr u64 conventional_end = 0xa'0000;
inline constexpr u64 high_memory = 0x10'0000;
inline constexpr u64 ebda_bytes = 1 * KiB;              // at the end of conventional memory
inline constexpr Place option_roms{0xc'0000, 0x4'0000}; // up to 1 MiB: what isn't RAM there is ROM
inline constexpr Place io_apic_window{0xfec0'0000, 0x1000};
inline constexpr Place hpet_window{0xfed0'0000, 0x400};
inline constexpr u64 four_gib = 0x1'0000'0000;
inline constexpr u64 rom_window = 16 * MiB; // below 4 GiB; a flash or ROM ends there
inline constexpr u64 least_rom = 64 * KiB;
inline constexpr u64 pci_memory32_end = io_apic_window.base;
inline constexpr u64 pci_memory64_size = 0x8'0000'0000;

// What memory there is below 4 GiB, and where PCI's begins: RAM above that is at 4 GiB.
struct Split {
    u64 threshold; // RAM up to here all lies below 4 GiB
    u64 below;     // of more RAM, this much
    u64 pci_memory32;
};
inline constexpr Split pc_split{0xc000'0000, 0xc000'0000, 0xc000'0000};
inline constexpr Split q35_split{0xb000'0000, 0x8000'0000, 0xc000'0000};
inline constexpr Place q35_ecam{0xb000'0000, 0x1000'0000};

constexpr u64 ram_below_4_gib(const Split& split, u64 memory_bytes) {
    return memory_bytes < split.threshold ? memory_bytes : split.below;
}

// ---- ports
inline constexpr Place pic_master{0x20, 2}, pic_slave{0xa0, 2}, pic_elcr{0x4d0, 2};
inline constexpr Place pit{0x40, 4}, system_control_b{0x61, 1}, system_control_a{0x92, 1};
inline constexpr Place keyboard_data{0x60, 1}, keyboard_command{0x64, 1};
inline constexpr Place rtc{0x70, 4};
inline constexpr Place serial_ports[] = {{0x3f8, 8}, {0x2f8, 8}};
inline constexpr Place debug_exit{0xf4, 4}, debug_console{0x402, 1};
inline constexpr Place floppy{0x3f0, 6}, floppy_input{0x3f7, 1};
inline constexpr u64 power_management = 0x600; // where firmware, or direct boot, puts it

// ---- interrupts
inline constexpr u32 timer_irq = 0, keyboard_irq = 1, serial_irqs[] = {4, 3}, floppy_irq = 6, rtc_irq = 8, sci_irq = 9,
                     mouse_irq = 12, coprocessor_irq = 13;
inline constexpr u32 timer_gsi = 2;     // IRQ 0 is there at the I/O APIC
inline constexpr u32 q35_pirq_gsi = 16; // of PIRQA; PIRQB to PIRQH follow
inline constexpr u32 q35_pirq_pins = 0xff << q35_pirq_gsi;
inline constexpr u32 pci_irqs[] = {10, 10, 11, 11}; // where PIRQA to PIRQD go by default, and E to H again

inline constexpr u32 uart_clock_hz = 1'843'200;
inline constexpr u64 tsc_hz = 1'000'000'000;

} // namespace orrery::pc
