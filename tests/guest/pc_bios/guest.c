#include "tests/guest/pc_bios/guest.h"

static u32 failures;

static void put(const char* text) {
    for (; *text != 0; ++text) out8(0x402, (u8)*text);
}

static void put_hex(u32 value) {
    for (i32 shift = 28; shift >= 0; shift -= 4) out8(0x402, (u8)("0123456789abcdef"[value >> shift & 15]));
}

void check_equal(u32 got, u32 expected, u32 line) {
    if (got == expected) return;
    ++failures;
    put("line ");
    put_hex(line);
    put(": got ");
    put_hex(got);
    put(", expected ");
    put_hex(expected);
    put("\n");
}

void run_all(void);
void run_all(void) {
    test();
    put(failures == 0 ? "passed\n" : "failed\n");
    out8(0xf4, failures == 0 ? 0x10 : 0x11);
    for (;;) __asm__ volatile("cli; hlt");
}

u8 peek8(u32 address) {
    u8 value;
    __asm__ volatile("movw %w1, %%fs; movb %%fs:(%2), %0" : "=q"(value) : "r"(address >> 4), "r"(address & 15));
    return value;
}
u16 peek16(u32 address) { return (u16)(peek8(address) | peek8(address + 1) << 8); }
u32 peek32(u32 address) { return peek16(address) | (u32)peek16(address + 2) << 16; }

void poke8(u32 address, u8 value) {
    __asm__ volatile("movw %w1, %%fs; movb %0, %%fs:(%2)"
                     :
                     : "q"(value), "r"(address >> 4), "r"(address & 15)
                     : "memory");
}
void poke32(u32 address, u32 value) {
    for (u32 i = 0; i < 4; ++i) poke8(address + i, (u8)(value >> 8 * i));
}

u8 sum_of(u32 address, u32 bytes) {
    u8 sum = 0;
    for (u32 i = 0; i < bytes; ++i) sum = (u8)(sum + peek8(address + i));
    return sum;
}

void* memset(void* to, int value, u32 count);
void* memset(void* to, int value, u32 count) {
    u8* out = to;
    for (u32 i = 0; i < count; ++i) {
        out[i] = (u8)value;
        __asm__ volatile("" : : : "memory"); // not to become a call of itself
    }
    return to;
}

void* memcpy(void* to, const void* from, u32 count);
void* memcpy(void* to, const void* from, u32 count) {
    u8* out = to;
    const u8* in = from;
    for (u32 i = 0; i < count; ++i) {
        out[i] = in[i];
        __asm__ volatile("" : : : "memory");
    }
    return to;
}
