// Choosing what to boot, and entering it.
#pragma once

#include "bios/pc/shared/layout.h"

// Reads the boot order, offers the menu, numbers the drives.
void boot_set_up(void);
// Int 19h and int 18h: neither returns.
_Noreturn void boot_first(void);
_Noreturn void boot_next(void);

// El Torito: loads what the CD has to boot. Null: entered by *segment, or what stands against it.
const char* cd_load(u32 cd, u32* linear_entry, u8* drive_number);
