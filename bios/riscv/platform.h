// The board as its device tree describes it. Filled once by the boot hart before any other hart runs C code.
#pragma once

#include "types.h"

#define MEMORY_RANGES_MAX 8

struct memory_range {
    u64 base;
    u64 size;
};

struct platform {
    u64 uart_base; // 0 where the board has none; the same for the other devices
    u32 uart_register_shift;
    u32 uart_register_width;
    u32 uart_clock_hz;
    u64 software_interrupt_base; // MSIP words, indexed by hart id
    u64 timer_compare_base;      // mtimecmp, indexed by hart id
    u64 timer_base;              // mtime
    u64 finisher_base;
    struct memory_range memory[MEMORY_RANGES_MAX];
    u32 memory_count;
    u32 hart_mask; // harts that the device tree enables and the firmware can serve
    u32 harts_left_out;
    u64 device_tree;
    bool software_access_bits; // the device tree promises Svade
};

extern struct platform platform;

// False if there is no readable device tree at this address.
bool platform_discover(u64 device_tree);

// True if the whole range is RAM that a guest may use: inside a memory node, outside the firmware.
bool platform_is_guest_memory(u64 address, u64 size);

// MMIO, with the order device registers need against memory.
static inline void mmio_write8(u64 address, u8 value) { *(volatile u8*)address = value; }
static inline u8 mmio_read8(u64 address) { return *(volatile u8*)address; }
static inline void mmio_write32(u64 address, u32 value) { *(volatile u32*)address = value; }
static inline u32 mmio_read32(u64 address) { return *(volatile u32*)address; }
static inline void mmio_write64(u64 address, u64 value) { *(volatile u64*)address = value; }
static inline u64 mmio_read64(u64 address) { return *(volatile u64*)address; }
