// Int 10h: text mode 3 with its cursor, characters, scrolling and data area; planar and linear graphics; VBE 3.0.
#include "tests/guest/pc_bios/guest.h"

enum { text_memory = 0xb8000, columns = 80 };

static struct registers call(u32 ax, u32 bx, u32 cx, u32 dx) {
    struct registers r = {.eax = ax, .ebx = bx, .ecx = cx, .edx = dx};
    interrupt(0x10, &r);
    return r;
}

static u16 cell(u32 row, u32 column) { return peek16(text_memory + (row * columns + column) * 2); }

static void check_mode3(void) {
    call(0x0003, 0, 0, 0);
    const struct registers r = call(0x0f00, 0, 0, 0);
    CHECK_EQUAL(r.al, 3);
    CHECK_EQUAL(r.ah, columns);
    CHECK_EQUAL(r.bh, 0);
    CHECK_EQUAL(peek8(0x484), 24);
    CHECK_EQUAL(peek16(0x485), 16);
    CHECK_EQUAL(peek16(0x463), 0x3d4);
    CHECK_EQUAL(cell(12, 40), 0x0720);
}

static void check_text(void) {
    call(0x0200, 0, 0, 0x0a05); // row 10, column 5
    call(0x0941, 0x001e, 3, 0); // "AAA", yellow on blue; the cursor stays
    CHECK_EQUAL(cell(10, 5), 0x1e41);
    CHECK_EQUAL(cell(10, 7), 0x1e41);
    CHECK_EQUAL(cell(10, 8), 0x0720);
    CHECK_EQUAL(call(0x0300, 0, 0, 0).dx, 0x0a05);
    CHECK_EQUAL(call(0x0800, 0, 0, 0).ax, 0x1e41);
    call(0x0e42, 7, 0, 0); // teletype keeps the colour
    CHECK_EQUAL(cell(10, 5), 0x1e42);
    CHECK_EQUAL(call(0x0300, 0, 0, 0).dx, 0x0a06);
    call(0x0e0d, 7, 0, 0);
    call(0x0e0a, 7, 0, 0);
    CHECK_EQUAL(call(0x0300, 0, 0, 0).dx, 0x0b00);
}

static void check_scrolling(void) {
    call(0x0600, 0x0700, 0, 0x184f); // clear
    call(0x0200, 0, 0, 0x1800);
    call(0x0e58, 7, 0, 0); // "X" in the last row
    call(0x0e0d, 7, 0, 0);
    call(0x0e0a, 7, 0, 0); // scrolls
    CHECK_EQUAL(cell(23, 0) & 0xff, 'X');
    CHECK_EQUAL(cell(24, 0) & 0xff, ' ');
    CHECK_EQUAL(call(0x0300, 0, 0, 0).dx, 0x1800);
    call(0x0702, 0x4f00, 0, 0x184f); // two down, white on red
    CHECK_EQUAL(cell(0, 0), 0x4f20);
    CHECK_EQUAL(cell(1, 79), 0x4f20);
    CHECK_EQUAL(cell(24, 0) & 0xff, ' ');
    call(0x0601, 0x2000, 0x0000, 0x0100); // a window of two cells
    CHECK_EQUAL(cell(0, 0), 0x4f20);
    CHECK_EQUAL(cell(1, 0), 0x2020);
    CHECK_EQUAL(cell(1, 1), 0x4f20);
}

static void check_string(void) {
    static const char text[] = "Orrery";
    struct registers r = {.eax = 0x1301, .ebx = 0x0070, .ecx = 6, .edx = 0x0c10, .ebp = (u32)text};
    interrupt(0x10, &r);
    for (u32 i = 0; i < 6; ++i) CHECK_EQUAL(cell(12, 16 + i), 0x7000U | (u8)text[i]);
    CHECK_EQUAL(call(0x0300, 0, 0, 0).dx, 0x0c16);
}

static void check_graphics(void) {
    call(0x0012, 0, 0, 0);
    CHECK_EQUAL(peek8(0x484), 29);
    call(0x0c0d, 0, 321, 123); // a point of colour 13, and its neighbour
    CHECK_EQUAL(call(0x0d00, 0, 321, 123).al, 13);
    CHECK_EQUAL(call(0x0d00, 0, 320, 123).al, 0);
    call(0x0200, 0, 0, 0x0305);
    call(0x095a, 0x000f, 1, 0); // a character can be read back
    CHECK_EQUAL(call(0x0800, 0, 0, 0).al, 'Z');
    call(0x0013, 0, 0, 0);
    call(0x0c63, 0, 10, 20);
    CHECK_EQUAL(peek8(0xa0000 + 20 * 320 + 10), 0x63);
    CHECK_EQUAL(call(0x0d00, 0, 10, 20).al, 0x63);
}

static void check_vbe(void) {
    static u8 block[512];
    block[0] = 'V', block[1] = 'B', block[2] = 'E', block[3] = '2';
    struct registers r = {.eax = 0x4f00, .edi = (u32)block};
    interrupt(0x10, &r);
    CHECK_EQUAL(r.ax, 0x004f);
    CHECK_EQUAL(*(const u32*)block, 0x41534556); // "VESA"
    CHECK_EQUAL(*(const u16*)(block + 4), 0x0300);
    const u32 list = *(const u16*)(block + 14) + *(const u16*)(block + 16) * 16U;
    bool listed = false;
    for (u32 i = 0; i < 100 && peek16(list + 2 * i) != 0xffff; ++i) listed = listed || peek16(list + 2 * i) == 0x118;
    CHECK(listed);
    r = (struct registers){.eax = 0x4f01, .ecx = 0x118, .edi = (u32)block};
    interrupt(0x10, &r);
    CHECK_EQUAL(r.ax, 0x004f);
    CHECK_EQUAL(*(const u16*)block & 0x99, 0x99); // supported, colour, graphics, linear
    CHECK_EQUAL(*(const u16*)(block + 18), 1024);
    CHECK_EQUAL(*(const u16*)(block + 20), 768);
    CHECK_EQUAL(block[25], 24);
    CHECK_EQUAL(*(const u16*)(block + 16), 3072);
    CHECK(*(const u32*)(block + 40) >= 0x80000000);
    CHECK_EQUAL(call(0x4f02, 0x4118, 0, 0).ax, 0x004f);
    CHECK_EQUAL(call(0x4f03, 0, 0, 0).bx, 0x4118);
    CHECK_EQUAL(call(0x4f02, 0x01ff, 0, 0).ah, 1); // no such mode
    call(0x0003, 0, 0, 0);
    CHECK_EQUAL(call(0x4f03, 0, 0, 0).bx, 3);
    CHECK_EQUAL(cell(0, 0), 0x0720);
}

void test(void) {
    check_mode3();
    check_text();
    check_scrolling();
    check_string();
    check_graphics();
    check_vbe();
    CHECK_EQUAL(call(0x1a00, 0, 0, 0).ax & 0xff, 0x1a);
}
