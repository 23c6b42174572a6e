// A floppy of 1.44 MB: its geometry, reads by track and across 64 KiB, writing, the end of the disk.
#include "tests/guest/pc_bios/guest.h"

enum { buffer = 0x2fe00 }; // 512 bytes before a boundary that DMA cannot pass

static struct registers access(u8 function, u8 count, u32 to, u8 cylinder, u8 head, u8 sector) {
    struct registers r = {.eax = (u32)function << 8 | count,
                          .ebx = to & 15,
                          .ecx = (u32)cylinder << 8 | sector,
                          .edx = (u32)head << 8 | boot_drive,
                          .es = (u16)(to >> 4)};
    interrupt(0x13, &r);
    return r;
}

static void check_geometry(void) {
    struct registers r = {.eax = 0x0800, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.bl, 4);
    CHECK_EQUAL(r.cx, 0x4f12); // cylinder 79, 18 sectors
    CHECK_EQUAL(r.dx, 0x0101); // head 1, one drive
    CHECK_EQUAL(peek8((u32)r.es * 16 + (r.edi & 0xffff) + 4), 18);
}

void test(void) {
    CHECK_EQUAL(boot_drive, 0);
    check_geometry();
    struct registers r = access(2, 3, buffer, 0, 0, 1);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ax, 3);
    CHECK_EQUAL(peek16(buffer + 510), 0xaa55);
    for (u32 i = 0; i < 1536; i += 512) // all but the number of an interrupt, which changes, is as it was loaded
        for (u32 k = 0; k < 16; ++k) CHECK_EQUAL(peek8(buffer + i + k), peek8(0x7c00 + i + k));
    for (u32 i = 0; i < 1024; ++i) poke8(buffer + 1 + i, (u8)(i * 13));
    r = access(3, 2, buffer + 1, 79, 1, 17); // the last two
    CHECK_EQUAL(r.flags & carry, 0);
    r = access(2, 2, 0x40000, 79, 1, 17);
    CHECK_EQUAL(r.flags & carry, 0);
    for (u32 i = 0; i < 1024; ++i) CHECK_EQUAL(peek8(0x40000 + i), (u8)(i * 13));
    CHECK_EQUAL(access(2, 1, buffer, 80, 0, 1).flags & carry, 1);
    CHECK_EQUAL(access(2, 1, buffer, 0, 0, 19).flags & carry, 1);
    CHECK_EQUAL(access(2, 1, buffer, 0, 0, 19).al, 0);
    r = (struct registers){.eax = 0x1500, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.ah, 1); // a drive that cannot tell of changes
}
