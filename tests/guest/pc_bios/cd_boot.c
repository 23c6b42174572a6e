// A CD, booted without emulation: int 13h 4B01h, and 2 KiB sectors by the extensions. The program is in sector 20 and
// on.
#include "tests/guest/pc_bios/guest.h"

enum { boot_record = 17, program_sector = 20 };

static u8 sector[2048];

static struct {
    u8 size, reserved;
    u16 count, offset, segment;
    u32 lba, lba_high;
} packet = {.size = 16, .count = 1};

static struct registers call(u32 ax, u32 bx, void* si) {
    struct registers r = {.eax = ax, .ebx = bx, .edx = boot_drive, .esi = (u32)si};
    interrupt(0x13, &r);
    return r;
}

static void check_status(void) {
    sector[0] = 0x13;
    const struct registers r = call(0x4b01, 0, sector);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(sector[0], 0x13);
    CHECK_EQUAL(sector[1] & 15, 0); // no emulation
    CHECK_EQUAL(sector[2], boot_drive);
    CHECK_EQUAL(*(const u32*)(sector + 4), program_sector);
}

static void check_reads(void) {
    packet.count = 1;
    packet.offset = (u16)(u32)sector;
    packet.lba = boot_record;
    CHECK_EQUAL(call(0x4200, 0, &packet).flags & carry, 0);
    CHECK_EQUAL(*(const u32*)(sector + 1), 0x30304443); // "CD00"
    packet.lba = program_sector;
    CHECK_EQUAL(call(0x4200, 0, &packet).flags & carry, 0);
    CHECK_EQUAL(*(const u16*)(sector + 510), 0xaa55);
    for (u32 i = 0; i < 8; ++i) CHECK_EQUAL(sector[i], peek8(0x7c00 + i));
    // 17 sectors to an odd address, across a 64 KiB boundary
    packet.count = 17;
    packet.segment = 0x2c00;
    packet.offset = 1;
    packet.lba = boot_record;
    CHECK_EQUAL(call(0x4200, 0, &packet).flags & carry, 0);
    CHECK_EQUAL(peek32(0x2c000 + 1 + 1), 0x30304443);
    packet.lba = 0x10000000; // beyond the disc
    CHECK_EQUAL(call(0x4200, 0, &packet).flags & carry, 1);
    CHECK_EQUAL(packet.count, 0);
}

void test(void) {
    CHECK_EQUAL(boot_drive, 0xe0);
    struct registers r = call(0x4100, 0x55aa, 0);
    CHECK_EQUAL(r.bx, 0xaa55);
    sector[0] = 26;
    r = call(0x4800, 0, sector);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(*(const u16*)(sector + 24), 2048);
    CHECK_EQUAL(call(0x4300, 0, &packet).ah, 3); // write-protected,
    CHECK_EQUAL(packet.count, 0);                // and nothing was written
    check_status();
    check_reads();
}
