// Port accesses and the few instructions that C has no word for; for 16-bit and 32-bit code alike.
#pragma once

#include "bios/pc/shared/types.h"

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline u16 in16(u16 port) {
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline u32 in32(u16 port) {
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void pause(void) { __asm__ volatile("rep; nop" : : : "memory"); }

static inline _Noreturn void halt_for_ever(void) {
    for (;;) __asm__ volatile("cli; hlt");
}

// MC146818's RAM; bit 7 of the index keeps NMI off.
enum {
    cmos_index_port = 0x70,
    cmos_data_port = 0x71,
    cmos_status_a = 0x0a,
    cmos_status_b = 0x0b,
    cmos_status_c = 0x0c,
    cmos_status_d = 0x0d,
    cmos_floppy_types = 0x10,
    cmos_century = 0x32,
    cmos_memory_above_16m = 0x34, // 16 bits, of 64 KiB
    cmos_memory_above_4g = 0x5b,  // 24 bits, of 64 KiB
};

static inline u8 cmos_read(u8 index) {
    out8(cmos_index_port, index | 0x80);
    return in8(cmos_data_port);
}
static inline void cmos_write(u8 index, u8 value) {
    out8(cmos_index_port, index | 0x80);
    out8(cmos_data_port, value);
}
