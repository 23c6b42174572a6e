// Int 1Ah and 15h 86: ticks run, the RTC is in BCD; PCI BIOS 2.1 finds, reads, writes and refuses.
#include "tests/guest/pc_bios/guest.h"

static struct registers call(u8 vector, u32 ax, u32 bx, u32 cx, u32 dx) {
    struct registers r = {.eax = ax, .ebx = bx, .ecx = cx, .edx = dx};
    interrupt(vector, &r);
    return r;
}

static bool is_bcd(u8 value) { return (value & 15) < 10 && value >> 4 < 10; }

static u32 ticks(void) {
    const struct registers r = call(0x1a, 0, 0, 0, 0);
    return (u32)r.cx << 16 | r.dx;
}

static u16 count(void) {
    out8(0x43, 0); // latch channel 0
    const u8 low = in8(0x40);
    return (u16)(low | in8(0x40) << 8);
}

static void check_time(void) {
    const u32 first = ticks();
    for (u32 i = 0; i < 10 && ticks() == first; ++i) __asm__ volatile("sti; hlt");
    CHECK_EQUAL(ticks(), first + 1);
    // 20 ms are 23864 of the PIT's counts, which go down.
    const u16 before = count();
    CHECK_EQUAL(call(0x15, 0x8600, 0, 0, 20000).flags & carry, 0);
    const u16 passed = (u16)(before - count());
    CHECK(passed >= 23800 && passed < 36000);
    struct registers r = call(0x1a, 0x0200, 0, 0, 0);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK(is_bcd(r.ch) && r.ch < 0x24 && is_bcd(r.cl) && r.cl < 0x60 && is_bcd(r.dh) && r.dh < 0x60);
    r = call(0x1a, 0x0400, 0, 0, 0);
    CHECK(is_bcd(r.ch) && r.ch >= 0x19 && r.ch <= 0x21 && is_bcd(r.dh) && r.dh >= 1 && r.dh <= 0x12 && is_bcd(r.dl));
    call(0x1a, 0x0100, 0, 1, 0x2345);
    CHECK(ticks() - 0x12345 < 2);
}

static void check_pci(void) {
    struct registers r = call(0x1a, 0xb101, 0, 0, 0);
    CHECK_EQUAL(r.flags & carry, 0);
    CHECK_EQUAL(r.ah, 0);
    CHECK_EQUAL(r.edx, 0x20494350);
    CHECK_EQUAL(r.bx, 0x0210);
    CHECK_EQUAL(r.cl, 0);
    r = call(0x1a, 0xb10a, 0, 0, 0); // the host bridge: device 0
    const u32 host = r.ecx;
    CHECK_EQUAL(host & 0xffff, 0x8086);
    r = (struct registers){.eax = 0xb102, .ecx = host >> 16, .edx = 0x8086};
    interrupt(0x1a, &r);
    CHECK_EQUAL(r.ah, 0);
    CHECK_EQUAL(r.bx, 0);
    r = (struct registers){.eax = 0xb103, .ecx = 0x030000}; // the VGA
    interrupt(0x1a, &r);
    CHECK_EQUAL(r.flags & carry, 0);
    const u16 vga = r.bx;
    r = (struct registers){.eax = 0xb10a, .ebx = vga, .edi = 0x10};
    interrupt(0x1a, &r);
    CHECK(r.ecx >= 0x80000000); // its frame buffer has an address
    r = (struct registers){.eax = 0xb10b, .ebx = vga, .edi = 0x3c, .ecx = 0xa5};
    interrupt(0x1a, &r);
    r = (struct registers){.eax = 0xb108, .ebx = vga, .edi = 0x3c};
    interrupt(0x1a, &r);
    CHECK_EQUAL(r.cl, 0xa5);
    r = (struct registers){.eax = 0xb109, .ebx = vga, .edi = 0x3d}; // a word at an odd address
    interrupt(0x1a, &r);
    CHECK_EQUAL(r.ah, 0x87);
    r = (struct registers){.eax = 0xb102, .ecx = 0x1234, .edx = 0x5678};
    interrupt(0x1a, &r);
    CHECK_EQUAL(r.ah, 0x86);
    CHECK_EQUAL(r.flags & carry, 1);
}

void test(void) {
    check_time();
    check_pci();
}
