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

// Lets interrupts in for a moment.
void breathe(void);
// Runs a post_call in 32-bit mode; its result is in shared.call_result. False in virtual-8086 mode.
bool call_flat(u32 what);
// Int 15h 4Fh: bits 0 to 7 the scan code, bit 8 whether it is to be kept.
u32 keyboard_intercept(u32 scan_code);
