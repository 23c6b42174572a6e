// The processors: memory types for all of them, and waking those besides the first.
#pragma once

#include "bios/pc/shared/types.h"

enum { most_processors = 256 };

// Sets this processor's memory types and local APIC, wakes the others and has them do the same.
void cpus_set_up(void);
// Called by entry.S on every other processor, one at a time.
void ap_main(void);
u32 cpus_found(void);
// The local APIC ids seen, the first processor's first.
u8 cpu_apic_id(u32 index);
bool cpu_has_apic(void);
void cpuid(u32 leaf, u32* a, u32* b, u32* c, u32* d);
