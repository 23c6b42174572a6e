// PCI configuration mechanism #1. An address is bus << 8 | device << 3 | function.
#pragma once

#include "bios/pc/shared/types.h"

u32 pci_read32(u16 address, u32 offset);
u16 pci_read16(u16 address, u32 offset);
u8 pci_read8(u16 address, u32 offset);
void pci_write32(u16 address, u32 offset, u32 value);
void pci_write16(u16 address, u32 offset, u16 value);
void pci_write8(u16 address, u32 offset, u8 value);

enum {
    pci_vendor = 0x00,
    pci_device = 0x02,
    pci_command = 0x04,
    pci_status = 0x06,
    pci_class = 0x08, // revision, interface, subclass, class
    pci_header = 0x0e,
    pci_bar0 = 0x10,
    pci_bus_primary = 0x18,
    pci_bus_secondary = 0x19,
    pci_bus_subordinate = 0x1a,
    pci_bridge_io = 0x1c,
    pci_bridge_memory = 0x20,
    pci_bridge_prefetch = 0x24,
    pci_bridge_prefetch_upper = 0x28,
    pci_rom = 0x30,
    pci_capabilities = 0x34,
    pci_bridge_rom = 0x38,
    pci_interrupt_line = 0x3c,
    pci_interrupt_pin = 0x3d,
};

enum { pci_command_io = 1, pci_command_memory = 2, pci_command_master = 4 };

static inline u16 pci_address(u32 bus, u32 device, u32 function) { return (u16)(bus << 8 | device << 3 | function); }

// The next function present after `address` on buses up to `last_bus`; -1 to begin. -1: no more.
i32 pci_next(i32 address, u8 last_bus);
