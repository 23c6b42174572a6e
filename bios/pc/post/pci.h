// The chipset and the PCI buses: addresses for everything, and interrupt lines.
#pragma once

#include "bios/pc/shared/types.h"

enum chipset { chipset_unknown, chipset_i440fx, chipset_q35 };

// Finds the chipset and sets its power management up, whose timer clock.h needs.
void chipset_set_up(void);
enum chipset chipset(void);
// Before it, nothing of PCI but configuration space can be used.
void pci_set_up(u32 low_ram_end);
// Where configuration space is mapped; 0: nowhere.
u32 pci_ecam_base(void);
u32 pci_window_begin(void);
// The interrupt line of a pin, 1 to 4, of a device on bus 0.
u8 pci_irq(u32 device, u32 pin);
// The chipset's part of it, by pci_set_up().
void pci_route_interrupts(void);
// For the $PIR table: the bridge that routes interrupts, and its register for a pin of a slot.
u16 pci_south_bridge(void);
u8 pci_link_register(u32 device, u32 pin);
