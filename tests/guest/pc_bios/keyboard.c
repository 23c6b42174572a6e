// Int 16h: an empty buffer, keys put there and taken in order, the buffer's end, shift flags; and int 11h, 14h, 17h.
#include "tests/guest/pc_bios/guest.h"

enum { capacity = 15 };

static struct registers call(u8 vector, u32 ax, u32 cx, u32 dx) {
    struct registers r = {.eax = ax, .ecx = cx, .edx = dx};
    interrupt(vector, &r);
    return r;
}

void test(void) {
    CHECK_EQUAL(call(0x16, 0x0100, 0, 0).flags & zero, zero);
    for (u32 i = 0; i < capacity; ++i) CHECK_EQUAL(call(0x16, 0x0500, 0x1e61 + i, 0).al, 0);
    CHECK_EQUAL(call(0x16, 0x0500, 0x1e61, 0).al, 1); // full
    CHECK_EQUAL(call(0x16, 0x0100, 0, 0).flags & zero, 0);
    CHECK_EQUAL(call(0x16, 0x0100, 0, 0).ax, 0x1e61); // looking takes nothing
    for (u32 i = 0; i < capacity; ++i) CHECK_EQUAL(call(0x16, 0x0000, 0, 0).ax, 0x1e61 + i);
    CHECK_EQUAL(call(0x16, 0x1100, 0, 0).flags & zero, zero);
    call(0x16, 0x0500, 0x48e0, 0); // a grey arrow: an older program sees it without E0h
    CHECK_EQUAL(call(0x16, 0x1100, 0, 0).ax, 0x48e0);
    CHECK_EQUAL(call(0x16, 0x0000, 0, 0).ax, 0x4800);
    poke8(0x417, 0x42);
    CHECK_EQUAL(call(0x16, 0x0200, 0, 0).al, 0x42);
    poke8(0x417, 0);
    CHECK_EQUAL(call(0x16, 0x1200, 0, 0).al, 0);

    const u16 equipment = call(0x11, 0, 0, 0).ax;
    CHECK_EQUAL(equipment, peek16(0x410));
    CHECK_EQUAL(equipment & 0x30, 0x20); // an 80-column colour display
    CHECK(equipment >> 9 & 7);           // a serial port
    CHECK_EQUAL(peek16(0x400), 0x3f8);
    CHECK_EQUAL(call(0x14, 0x0300, 0, 0).ah & 0x60, 0x60); // its transmitter is empty
    CHECK_EQUAL(call(0x17, 0x0200, 0, 0).ah & 1, 1);       // no printer
}
