// The parts that every PC has: interrupt vectors, BIOS data area, 8259, 8254, RTC, 8042, serial ports, VGA.
#pragma once

#include "bios/pc/shared/types.h"

void vectors_set_up(void);
void interrupts_set_up(void);
void clocks_set_up(void);
void dma_set_up(void);
void serial_set_up(void);
void keyboard_set_up(void);
void video_set_up(void);

static inline volatile u8* bda8(u32 offset) { return (volatile u8*)(0x400 + offset); }
static inline volatile u16* bda16(u32 offset) { return (volatile u16*)(0x400 + offset); }
static inline volatile u32* bda32(u32 offset) { return (volatile u32*)(0x400 + offset); }
