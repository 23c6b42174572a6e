#include "bios/pc/services/pci_services.h"

#include "bios/pc/shared/pci_config.h"

enum { unsupported = 0x81, no_such_device = 0x86, bad_vendor = 0x83, bad_register = 0x87 };

static void finish(struct frame* f, u8 status) {
    f->ah = status;
    set_carry(f, status != 0);
}

static void find(struct frame* f, u32 offset, u32 mask, u32 wanted) {
    u32 left = f->si;
    for (i32 at = pci_next(-1, shared.last_bus); at >= 0; at = pci_next(at, shared.last_bus)) {
        if ((pci_read32((u16)at, offset) & mask) != wanted << (offset == pci_class ? 8 : 0)) continue;
        if (left-- != 0) continue;
        f->bx = (u16)at;
        finish(f, 0);
        return;
    }
    finish(f, no_such_device);
}

static void access(struct frame* f) {
    switch (f->al) {
    case 0x08:
        f->cl = pci_read8(f->bx, f->di);
        break;
    case 0x09:
        f->cx = pci_read16(f->bx, f->di);
        break;
    case 0x0a:
        f->ecx = pci_read32(f->bx, f->di);
        break;
    case 0x0b:
        pci_write8(f->bx, f->di, f->cl);
        break;
    case 0x0c:
        pci_write16(f->bx, f->di, f->cx);
        break;
    default:
        pci_write32(f->bx, f->di, f->ecx);
        break;
    }
    finish(f, 0);
}

void pci_services(struct frame* f) {
    // Bytes, words and double words must be aligned, within 256 bytes.
    static const u8 alignment[] = {0, 1, 3, 0, 1, 3};
    switch (f->al) {
    case 0x01:
        f->edx = 0x20494350; // "PCI "
        f->al = 1;           // mechanism 1
        f->bx = 0x0210;
        f->cl = shared.last_bus;
        finish(f, 0);
        return;
    case 0x02:
        if (f->dx == 0xffff) {
            finish(f, bad_vendor);
            return;
        }
        find(f, pci_vendor, 0xffffffff, (u32)f->cx << 16 | f->dx);
        return;
    case 0x03:
        find(f, pci_class, 0xffffff00, f->ecx & 0xffffff);
        return;
    case 0x08:
    case 0x09:
    case 0x0a:
    case 0x0b:
    case 0x0c:
    case 0x0d:
        if (f->di > 0xff || (f->di & alignment[f->al - 8])) {
            finish(f, bad_register);
            return;
        }
        access(f);
        return;
    default:
        finish(f, unsupported);
    }
}
