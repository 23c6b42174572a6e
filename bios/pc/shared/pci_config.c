#include "bios/pc/shared/pci_config.h"

#include "bios/pc/shared/io.h"

enum { config_address = 0xcf8, config_data = 0xcfc };

static u16 select(u16 address, u32 offset) {
    out32(config_address, 0x80000000U | (u32)address << 8 | (offset & 0xfc));
    return (u16)(config_data + (offset & 3));
}

u32 pci_read32(u16 address, u32 offset) { return in32(select(address, offset)); }
u16 pci_read16(u16 address, u32 offset) { return in16(select(address, offset)); }
u8 pci_read8(u16 address, u32 offset) { return in8(select(address, offset)); }
void pci_write32(u16 address, u32 offset, u32 value) { out32(select(address, offset), value); }
void pci_write16(u16 address, u32 offset, u16 value) { out16(select(address, offset), value); }
void pci_write8(u16 address, u32 offset, u8 value) { out8(select(address, offset), value); }

static bool present(u16 address) {
    const u16 vendor = pci_read16(address, pci_vendor);
    return vendor != 0 && vendor != 0xffff;
}

i32 pci_next(i32 address, u8 last_bus) {
    const i32 end = (last_bus + 1) << 8;
    while (++address < end) {
        const u16 candidate = (u16)address;
        // Functions above 0 exist only where function 0 says so.
        if ((candidate & 7) != 0 && (!present(candidate & ~7) || !(pci_read8(candidate & ~7, pci_header) & 0x80)))
            address |= 7;
        else if (present(candidate))
            return address;
    }
    return -1;
}
