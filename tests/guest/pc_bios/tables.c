// Tables that systems search for below 1 MiB: RSDP, SMBIOS' anchor, MP and interrupt routing; each where it must be,
// with a valid checksum.
#include "tests/guest/pc_bios/guest.h"

static u32 find(const char* signature, u32 bytes, u32 from, u32 to) {
    for (u32 at = from; at < to; at += 16) {
        u32 i = 0;
        while (i < bytes && peek8(at + i) == (u8)signature[i]) ++i;
        if (i == bytes) return at;
    }
    return 0;
}

void test(void) {
    const u32 rsdp = find("RSD PTR ", 8, 0xe0000, 0x100000);
    CHECK(rsdp != 0);
    CHECK_EQUAL(sum_of(rsdp, 20), 0);
    CHECK(peek32(rsdp + 16) != 0 || peek32(rsdp + 24) != 0);

    const u32 old = find("_SM_", 4, 0xf0000, 0x100000);
    const u32 new = find("_SM3_", 5, 0xf0000, 0x100000);
    CHECK(old != 0 || new != 0);
    if (old != 0) CHECK_EQUAL(sum_of(old, peek8(old + 5)), 0);
    if (old != 0) CHECK_EQUAL(sum_of(old + 16, 15), 0);
    if (new != 0) CHECK_EQUAL(sum_of(new, peek8(new + 6)), 0);

    const u32 floating = find("_MP_", 4, 0xf0000, 0x100000);
    CHECK(floating != 0);
    CHECK_EQUAL(sum_of(floating, 16), 0);
    const u32 table = peek32(floating + 4);
    CHECK_EQUAL(peek32(table), 0x504d4350); // "PCMP"
    CHECK_EQUAL(sum_of(table, peek16(table + 4)), 0);
    CHECK_EQUAL(peek8(table + 44), 0);     // first come the processors,
    CHECK_EQUAL(peek8(table + 44 + 3), 3); // and of these the one that runs

    const u32 routing = find("$PIR", 4, 0xf0000, 0x100000);
    CHECK(routing != 0);
    CHECK_EQUAL(sum_of(routing, peek16(routing + 6)), 0);
    CHECK_EQUAL(peek16(routing + 6) % 16, 0);

    CHECK_EQUAL(peek8(0xffff0), 0xea); // where a jump to reset goes
    CHECK_EQUAL(peek8(0xffffe), 0xfc); // an AT
    CHECK_EQUAL(peek8(0xffa6e + 8 * 'A' + 3) != 0, true);
    CHECK_EQUAL(peek8(0xc0000) | peek8(0xc0001) << 8, 0xaa55);
}
