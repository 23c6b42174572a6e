// Time for time-outs: from the ACPI power management timer, or where there is none from the PIT's channel 0.
#pragma once

#include "bios/pc/shared/types.h"

struct deadline {
    u32 last;
    u32 left; // ticks
};

// At most a minute.
struct deadline deadline_in_ms(u32 ms);
struct deadline deadline_in_us(u32 us);
// Must be asked more often than the timer wraps: every 4 seconds, or every 50 ms.
bool deadline_over(struct deadline* deadline);
void wait_us(u32 us);
