// Which ISA interrupt a PCI pin is at: 82371SB (PIIX3), 2.2.7 "PIRQRC"; ICH9, 13.1.17. Boards turn the pins from slot
// to slot; ours do as QEMU's.
#include "bios/pc/post/pci.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/pci_config.h"

enum { piix_address = 1 << 3, ich9_address = 0x1f << 3, irq_not_routed = 0x80 };
enum { level_triggered_high = 0x4d1 };

static const u8 irq_of_link[] = {10, 10, 11, 11};

// 0 to 7 for PIRQA to PIRQH.
static u32 link_of(u32 device, u32 pin) {
    if (chipset() != chipset_q35) return (device + pin + 2) % 4;
    return device >= 25 ? pin - 1 : 4 + (device + pin - 1) % 4;
}

u16 pci_south_bridge(void) { return chipset() == chipset_q35 ? ich9_address : piix_address; }

u8 pci_link_register(u32 device, u32 pin) {
    const u32 link = link_of(device, pin);
    return (u8)(link < 4 ? 0x60 + link : 0x68 + link - 4);
}

u8 pci_irq(u32 device, u32 pin) { return irq_of_link[link_of(device, pin) % 4]; }

void pci_route_interrupts(void) {
    const u16 bridge = pci_south_bridge();
    for (u32 link = 0; link < 4; ++link) {
        pci_write8(bridge, 0x60 + link, irq_of_link[link]);
        if (chipset() == chipset_q35) pci_write8(bridge, 0x68 + link, irq_of_link[link]);
    }
    // IRQ 9 (the SCI), 10 and 11 are shared: level-triggered.
    out8(level_triggered_high, in8(level_triggered_high) | 0x0e);
}
