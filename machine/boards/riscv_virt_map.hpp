// The riscv-virt board's addresses and interrupt sources, as QEMU's `virt` machine has them.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::riscv_virt {

struct Place {
    u64 base;
    u64 size;
};

inline constexpr Place boot_rom{0x1000, 0xf000};
inline constexpr Place test_finisher{0x10'0000, 0x1000};
inline constexpr Place rtc{0x10'1000, 0x1000};
inline constexpr Place clint{0x200'0000, 0x1'0000};
inline constexpr Place pci_io{0x300'0000, 0x1'0000};
inline constexpr Place plic{0xc00'0000, 0x60'0000};
inline constexpr Place uart{0x1000'0000, 0x100};
inline constexpr Place virtio_mmio{0x1000'1000, 0x1000}; // the first of eight, one behind the other
inline constexpr Place fw_cfg{0x1010'0000, 0x18};
inline constexpr Place flash{0x2000'0000, 0x200'0000}; // the first of two banks
inline constexpr u32 flash_banks = 2;
inline constexpr Place pci_ecam{0x3000'0000, 0x1000'0000};
inline constexpr Place pci_memory32{0x4000'0000, 0x4000'0000};
inline constexpr u64 ram_base = 0x8000'0000;

// Behind the end of RAM, at a multiple of its own size.
constexpr Place pci_memory64(u64 memory_bytes) {
    constexpr u64 size = 0x4'0000'0000;
    return {(ram_base + memory_bytes + size - 1) / size * size, size};
}

inline constexpr u32 virtio_mmio_slots = 8;
inline constexpr u32 virtio_mmio_irq = 1; // of the first slot
inline constexpr u32 uart_irq = 10;
inline constexpr u32 rtc_irq = 11;
inline constexpr u32 pci_irq = 32; // of the first of four lines
inline constexpr u32 plic_sources = 96;
inline constexpr u32 timebase_hz = 10'000'000;
inline constexpr u32 uart_clock_hz = 3'686'400;

} // namespace orrery::riscv_virt
