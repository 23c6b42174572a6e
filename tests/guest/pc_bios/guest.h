// What a test program of the PC's BIOS has: interrupts, checks, far memory. A program is a boot sector with C behind
// it; its first line says what it checks, each CHECK the answer it expects. It says what differs on port 402h and ends
// the machine by port F4h: with 10h when all is well, else 11h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;

struct registers {
    union {
        u32 eax;
        u16 ax;
        struct {
            u8 al, ah;
        };
    };
    union {
        u32 ebx;
        u16 bx;
        struct {
            u8 bl, bh;
        };
    };
    union {
        u32 ecx;
        u16 cx;
        struct {
            u8 cl, ch;
        };
    };
    union {
        u32 edx;
        u16 dx;
        struct {
            u8 dl, dh;
        };
    };
    u32 esi, edi, ebp;
    u16 ds, es;
    u32 flags;
};

enum { carry = 1, zero = 0x40 };

extern u8 boot_drive;
void interrupt(u8 vector, struct registers* r);

// The program's own.
void test(void);

void check_equal(u32 got, u32 expected, u32 line);
#define CHECK_EQUAL(got, expected) check_equal((u32)(got), (u32)(expected), __LINE__)
#define CHECK(condition) check_equal((condition) ? 1 : 0, 1, __LINE__)

// Linear addresses below 1 MiB.
u8 peek8(u32 address);
u16 peek16(u32 address);
u32 peek32(u32 address);
void poke8(u32 address, u8 value);
void poke32(u32 address, u32 value);
// Of that many bytes; 0 is a table's valid checksum.
u8 sum_of(u32 address, u32 bytes);

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
