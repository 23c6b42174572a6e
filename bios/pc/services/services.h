// What the 16-bit services share.
#pragma once

#include "bios/pc/shared/frame.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"

static inline void copy_out(u16 segment, u16 offset, const void* from, u16 count) {
    far_copy(segment, offset, SERVICES_SEGMENT, (u16)(u32)from, count);
}
static inline void copy_in(void* to, u16 segment, u16 offset, u16 count) {
    far_copy(SERVICES_SEGMENT, (u16)(u32)to, segment, offset, count);
}

// A far pointer to a linear address of real mode, which ends at 10FFEFh.
static inline u16 segment_of(u32 address) { return address < 0x100000 ? (u16)(address >> 4) : 0xffff; }
static inline u16 offset_in_segment(u32 address) { return (u16)(address - (u32)segment_of(address) * 16); }

// ---- what interrupts.S enters ----

void keyboard_interrupt(struct frame* f);
void rtc_interrupt(struct frame* f);
void video_none(struct frame* f);
void video_mirror(struct frame* f);
void equipment(struct frame* f);
void memory_size(struct frame* f);
void disk(struct frame* f);
void serial(struct frame* f);
void system_services(struct frame* f);
void keyboard(struct frame* f);
void printer(struct frame* f);
void boot(struct frame* f);
void boot_failed(struct frame* f);
void clock(struct frame* f);
void detect_ide(struct frame* f);

// ---- what it offers ----

// Lets interrupts in for a moment.
void breathe(void);
// Runs a post_call in 32-bit mode; its result is in shared.call_result. False in virtual-8086 mode.
bool call_flat(u32 what);
// Int 15h 4Fh: bits 0 to 7 the scan code, bit 8 whether it is to be kept.
u32 keyboard_intercept(u32 scan_code);
