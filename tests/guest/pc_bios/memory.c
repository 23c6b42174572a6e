// Int 12h and 15h on a machine of 64 MiB: 639 KiB; E820, E801 and 88 agree; 87 moves; A20 is on, and may be off.
#include "tests/guest/pc_bios/guest.h"

enum { smap = 0x534d4150, most = 32, ram = 1 };

static struct {
    u64 base, length;
    u32 type;
} __attribute__((packed)) map[most];

static u32 read_map(void) {
    u32 count = 0;
    struct registers r = {0};
    do {
        r.eax = 0xe820;
        r.edx = smap;
        r.ecx = 20;
        r.edi = (u32)&map[count];
        r.es = 0;
        interrupt(0x15, &r);
        CHECK_EQUAL(r.flags & carry, 0);
        CHECK_EQUAL(r.eax, smap);
        CHECK_EQUAL(r.ecx, 20);
        ++count;
    } while (r.ebx != 0 && count < most && !(r.flags & carry));
    return count;
}

static u32 check_map(void) {
    const u32 count = read_map();
    u32 high = 0;
    CHECK_EQUAL(map[0].base, 0);
    CHECK_EQUAL(map[0].length, 639 * 1024);
    CHECK_EQUAL(map[0].type, ram);
    for (u32 i = 0; i < count; ++i) {
        if (map[i].base == 0x100000 && map[i].type == ram) high = (u32)map[i].length;
        for (u32 k = 0; k < i; ++k) // none overlaps
            CHECK(map[i].base >= map[k].base + map[k].length || map[k].base >= map[i].base + map[i].length);
    }
    // The firmware keeps less than a MiB of the 64.
    CHECK(high > 62 * 1024 * 1024 && high < 63 * 1024 * 1024);
    struct registers r = {.eax = 0xe820, .edx = smap + 1, .ecx = 20, .edi = (u32)map};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    return high;
}

static void check_sizes(u32 high) {
    struct registers r = {0};
    interrupt(0x12, &r);
    CHECK_EQUAL(r.ax, 639);
    r = (struct registers){.eax = 0x8800};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.ax, high / 1024);
    r = (struct registers){.eax = 0xe801};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ax, 15 * 1024);
    CHECK_EQUAL(r.bx, (high / 1024 - 15 * 1024) / 64);
    CHECK_EQUAL(r.cx, r.ax);
    CHECK_EQUAL(r.dx, r.bx);
}

static void set_descriptor(u8* descriptor, u32 base) {
    descriptor[0] = descriptor[1] = 0xff;
    for (u32 i = 0; i < 3; ++i) descriptor[2 + i] = (u8)(base >> 8 * i);
    descriptor[5] = 0x93;
    descriptor[7] = (u8)(base >> 24);
}

static void move(u32 to, u32 from, u16 words) {
    static u8 table[48];
    set_descriptor(table + 16, from);
    set_descriptor(table + 24, to);
    struct registers r = {.eax = 0x8700, .ecx = words, .esi = (u32)table};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ah, 0);
}

static void check_moves(void) {
    for (u32 i = 0; i < 4096; i += 4) poke32(0x20000 + i, i * 0x01010101);
    move(0x300000, 0x20000, 2048);
    move(0x30000, 0x300000, 2048);
    for (u32 i = 0; i < 4096; i += 4) CHECK_EQUAL(peek32(0x30000 + i), i * 0x01010101);
}

static void check_a20(void) {
    struct registers r = {.eax = 0x2402};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ax, 1);
    r = (struct registers){.eax = 0x2403};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.bx, 3);
    // Off: moves reach beyond all the same, and leave it off.
    poke32(0x20000, 0x600dcafe);
    poke32(0x20004, 0x00ddba11);
    r = (struct registers){.eax = 0x2400};
    interrupt(0x15, &r);
    r = (struct registers){.eax = 0x2402};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.al, 0);
    move(0x300000, 0x20000, 4);
    r = (struct registers){.eax = 0x2402};
    interrupt(0x15, &r);
    CHECK_EQUAL(r.al, 0);
    r = (struct registers){.eax = 0x2401};
    interrupt(0x15, &r);
    move(0x30000, 0x300000, 4);
    CHECK_EQUAL(peek32(0x30000), 0x600dcafe);
    CHECK_EQUAL(peek32(0x30004), 0x00ddba11);
}

void test(void) {
    const u32 high = check_map();
    check_sizes(high);
    check_moves();
    check_a20();
}
