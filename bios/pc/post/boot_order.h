// The boot order: "bootorder" (QEMU's device paths), else the legacy order that CMOS holds.
#pragma once

#include "bios/pc/shared/layout.h"

// Sets each drive's priority.
void boot_order_read(void);
// The drives from first to last; returns how many.
u32 boot_order_list(u8 list[most_drives]);
// Puts one drive before all others.
void boot_order_prefer(u8 drive);
