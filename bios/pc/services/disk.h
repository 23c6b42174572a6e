// Int 13h's ways to a drive.
#pragma once

#include "bios/pc/services/services.h"

// What int 13h returns in AH.
enum {
    disk_ok = 0,
    disk_bad_command = 0x01,
    disk_no_address_mark = 0x02,
    disk_write_protected = 0x03,
    disk_sector_not_found = 0x04,
    disk_media_changed = 0x06,
    disk_short = 0x08,
    disk_dma_boundary = 0x09,
    disk_uncorrectable = 0x10,
    disk_controller_failed = 0x20,
    disk_seek_failed = 0x40,
    disk_timeout = 0x80,
    disk_not_ready = 0xaa,
};

// Runs shared.transfer on its drive, whatever that is.
u8 disk_transfer(void);
// The same for CD sectors: sets the packet up.
u8 cd_read(u8 drive, u32 lba, u32 count, u32 address);

u8 floppy_transfer(const struct transfer* transfer);
void floppy_reset(void);
void floppy_function(struct frame* f, u8 number);
void hard_disk_function(struct frame* f, u8 number);
void cd_function(struct frame* f, u8 number);

// Int 13h 41h to 48h and 4Bh for a drive; false: not one of these.
bool extended_function(struct frame* f, u8 drive);
void emulated_drive_function(struct frame* f);

void disk_result(struct frame* f, u8 status);
// One request of sectors counted from 0, in and from a buffer of the caller.
u8 disk_move(u8 drive, u64 lba, u32 count, u16 segment, u16 offset, bool write);
