// Finding drives, and the order in which they are booted.
#pragma once

#include "bios/pc/shared/layout.h"

void drives_set_up(void);
// Gives BIOS numbers by the priorities in drives[].
void drives_number(void);
struct drive* drive_add(void);
// The geometry that int 13h gives, from the number of sectors.
void drive_set_geometry(struct drive* drive);

void ahci_detect(u16 pci_address);
void virtio_block_detect(u16 pci_address);
// Drivers for post_call_transfer.
u8 ahci_transfer(const struct transfer* transfer);
u8 virtio_block_transfer(const struct transfer* transfer);
