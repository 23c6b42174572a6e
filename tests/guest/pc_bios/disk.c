// Int 13h on an IDE disk of 32760 sectors, and where there is none: geometry, CHS and LBA reads agree, EDD, errors.
#include "tests/guest/pc_bios/guest.h"

enum { disk_sectors = 32760, signature_at = 510 };

static u8 sector[512];
static u8 other[512];

static struct {
    u8 size, reserved;
    u16 count, offset, segment;
    u32 lba, lba_high;
} packet = {.size = 16};

static u16 read_lba(u8 function, u32 lba, u16 count, void* to) {
    packet.count = count;
    packet.offset = (u16)(u32)to;
    packet.lba = lba;
    struct registers r = {.eax = (u32)function << 8, .edx = boot_drive, .esi = (u32)&packet};
    interrupt(0x13, &r);
    return r.flags & carry ? r.ah : 0;
}

static void check_geometry(void) {
    struct registers r = {.eax = 0x0800, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ah, 0);
    // The largest numbers, not how many: 32 cylinders of 16 heads and 63 sectors, and a last one that is cut off.
    CHECK_EQUAL(r.cl & 63, 63);
    CHECK_EQUAL(r.dh, 15);
    CHECK_EQUAL(r.ch | (r.cl & 0xc0) << 2, 31);
    CHECK_EQUAL(r.dl, 1);
    r = (struct registers){.eax = 0x1500, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.ah, 3);
    CHECK_EQUAL(r.cx << 16 | r.dx, disk_sectors);
}

static void check_reads(void) {
    struct registers r = {.eax = 0x0201, .ebx = (u32)sector, .ecx = 1, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ah, 0);
    CHECK_EQUAL(r.al, 1);
    CHECK_EQUAL(sector[signature_at] | sector[signature_at + 1] << 8, 0xaa55);
    CHECK_EQUAL(read_lba(0x42, 0, 1, other), 0);
    for (u32 i = 0; i < 512; ++i) CHECK_EQUAL(sector[i], other[i]);
}

// Cylinder 1, head 2, sector 3 is (1 * 16 + 2) * 63 + 2.
static void check_writes(void) {
    for (u32 i = 0; i < 512; ++i) sector[i] = (u8)(i * 7 + 1);
    CHECK_EQUAL(read_lba(0x43, 1136, 1, sector), 0);
    struct registers r = {.eax = 0x0201, .ebx = (u32)other, .ecx = 0x0103, .edx = 0x200U | boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    for (u32 i = 0; i < 512; ++i) CHECK_EQUAL(other[i], (u8)(i * 7 + 1));
    for (u32 i = 0; i < 512; ++i) other[i] = (u8)(i ^ 0x5a);
    r = (struct registers){.eax = 0x0301, .ebx = (u32)other, .ecx = 0x0103, .edx = 0x200U | boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(read_lba(0x42, 1136, 1, sector), 0);
    for (u32 i = 0; i < 512; ++i) CHECK_EQUAL(sector[i], (u8)(i ^ 0x5a));
}

static void check_edd(void) {
    struct registers r = {.eax = 0x4100, .ebx = 0x55aa, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.bx, 0xaa55);
    CHECK_EQUAL(r.ah, 0x30);
    CHECK_EQUAL(r.cx & 1, 1);
    r = (struct registers){.eax = 0x4100, .ebx = 0x1234, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    static u8 parameters[80];
    parameters[0] = 30;
    r = (struct registers){.eax = 0x4800, .edx = boot_drive, .esi = (u32)parameters};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(*(const u32*)(parameters + 16), disk_sectors);
    CHECK_EQUAL(*(const u16*)(parameters + 24), 512);
    parameters[0] = 25; // too small
    r = (struct registers){.eax = 0x4800, .edx = boot_drive, .esi = (u32)parameters};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.ah, 1);
}

static void check_errors(void) {
    CHECK_EQUAL(read_lba(0x42, disk_sectors, 1, sector), 4);
    CHECK_EQUAL(packet.count, 0);
    struct registers r = {.eax = 0x0201, .ebx = (u32)sector, .ecx = 0, .edx = boot_drive}; // there is no sector 0
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    CHECK_EQUAL(r.ah, 1);
    r = (struct registers){.eax = 0x0100, .edx = boot_drive}; // and its status stays
    interrupt(0x13, &r);
    CHECK_EQUAL(r.ah, 1);
    r = (struct registers){.eax = 0x0800, .edx = 0x9f}; // no such drive
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    r = (struct registers){.eax = 0x4b01, .edx = boot_drive, .esi = (u32)sector}; // no CD was booted
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    r = (struct registers){.eax = 0x0000, .edx = boot_drive};
    interrupt(0x13, &r);
    CHECK_EQUAL(r.flags & carry, 0);
}

void test(void) {
    CHECK_EQUAL(boot_drive, 0x80);
    check_geometry();
    check_reads();
    check_writes();
    check_edd();
    check_errors();
}
