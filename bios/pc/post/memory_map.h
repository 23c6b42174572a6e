// How much memory there is, what of it the firmware keeps, and E820.
#pragma once

#include "bios/pc/shared/types.h"

// Before anything is allocated.
void memory_set_up(void);
// Once all that is kept has been: fills shared.e820.
void memory_describe(void);

// Where RAM below 4 GiB ends.
u32 memory_low_end(void);

// What the operating system finds as "ACPI NVS" (tables) and as "reserved" (a driver's), and in the F000h segment.
// Zeroed; null: there is no more.
void* allocate_tables(u32 bytes, u32 align);
void* allocate_driver(u32 bytes, u32 align);
void* allocate_low(u32 bytes, u32 align);
