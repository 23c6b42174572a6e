// 82371AB (PIIX4) data sheet, function 3; ICH9 data sheet (316972), 13.1: PMBASE, ACPI_CNTL; Q35 (316966): PCIEXBAR.
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"
#include "bios/pc/shared/pci_config.h"

enum { i440fx_host = 0x12378086, q35_host = 0x29c08086, piix4_pm = 0x71138086, ich9_lpc = 0x29188086 };
enum { ich9_lpc_address = 0x1f << 3, ich9_smbus_address = 0x1f << 3 | 3, smbus_base = 0x700 };
enum { pciexbar = 0x60, ecam_bytes = 0x10000000, ecam_address = 0xb0000000 };
enum { pm_timer_offset = 8 };

static enum chipset found;
static u32 ecam_base;

enum chipset chipset(void) { return found; }
u32 pci_ecam_base(void) { return ecam_base; }

static void use_pm_timer(void) {
    // A timer that stands still is none.
    const u16 port = PM_BASE + pm_timer_offset;
    const u32 before = in32(port);
    for (u32 i = 0; i < 10000; ++i) {
        if (in32(port) == before) continue;
        shared.pm_timer_port = port;
        return;
    }
    debug("The power management timer does not count; the PIT will do\n");
}

static void set_up_piix4_pm(u16 address) {
    pci_write32(address, 0x40, PM_BASE | 1);
    pci_write8(address, 0x80, 1);
    pci_write32(address, 0x90, smbus_base | 1);
    pci_write8(address, 0xd2, 0x09);
    pci_write8(address, pci_interrupt_line, 9); // the SCI's
    pci_write16(address, pci_command, pci_read16(address, pci_command) | pci_command_io);
    use_pm_timer();
}

static void set_up_q35(void) {
    pci_write32(0, pciexbar + 4, 0);
    pci_write32(0, pciexbar, ecam_address | 1);
    ecam_base = ecam_address;
    pci_write32(ich9_lpc_address, 0x40, PM_BASE | 1);
    pci_write8(ich9_lpc_address, 0x44, 0x80); // on, SCI at IRQ 9
    pci_write32(ich9_lpc_address, 0xf0, 0xfed1c001);
    if ((pci_read32(ich9_smbus_address, pci_vendor) & 0xffff) == 0x8086) {
        pci_write32(ich9_smbus_address, 0x20, smbus_base | 1);
        pci_write8(ich9_smbus_address, 0x40, 1);
        pci_write16(ich9_smbus_address, pci_command, pci_read16(ich9_smbus_address, pci_command) | pci_command_io);
    }
    use_pm_timer();
}

void chipset_set_up(void) {
    const u32 host = pci_read32(0, pci_vendor);
    if (host == q35_host && pci_read32(ich9_lpc_address, pci_vendor) == ich9_lpc) {
        found = chipset_q35;
        set_up_q35();
        return;
    }
    if (host == i440fx_host) found = chipset_i440fx;
    for (i32 at = pci_next(-1, 0); at >= 0; at = pci_next(at, 0))
        if (pci_read32((u16)at, pci_vendor) == piix4_pm) set_up_piix4_pm((u16)at);
}
