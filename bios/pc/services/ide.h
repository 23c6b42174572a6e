// Parallel ATA by programmed input and output, for disks and ATAPI drives.
#pragma once

#include "bios/pc/services/services.h"

// The drive's status: 0, or as int 13h returns it in AH.
u8 ide_transfer(const struct transfer* transfer);
u8 ide_packet(const struct transfer* transfer);
