// Int 13h: which drive is meant, and the functions of hard disks.
#include "bios/pc/services/disk.h"

#include "bios/pc/services/ide.h"

void disk_result(struct frame* f, u8 status) {
    f->ah = status;
    set_carry(f, status != 0);
    poke8(bda_segment, bda_disk_status, status);
}

u8 disk_transfer(void) {
    const struct drive* drive = &shared.drives[shared.transfer.drive];
    switch (drive->kind) {
    case drive_floppy:
        return floppy_transfer(&shared.transfer);
    case drive_ide:
        return ide_transfer(&shared.transfer);
    case drive_ide_cd:
        return ide_packet(&shared.transfer);
    case drive_ahci:
    case drive_ahci_cd:
    case drive_virtio:
        return call_flat(post_call_transfer) ? (u8)shared.call_result : disk_not_ready;
    default:
        return disk_bad_command;
    }
}

static bool is_cd(u8 drive) {
    return shared.drives[drive].kind == drive_ide_cd || shared.drives[drive].kind == drive_ahci_cd;
}

enum { most_cd_sectors = 32 };

// READ (10), MMC-3
u8 cd_read(u8 drive, u32 lba, u32 count, u32 address) {
    while (count != 0) {
        // AHCI has a buffer of one sector for what DMA cannot reach.
        const u32 most = address & 1 ? 1 : most_cd_sectors;
        const u32 some = count < most ? count : most;
        shared.transfer = (struct transfer){
            .drive = drive,
            .address = address,
            .bytes = some * 2048,
            .packet_bytes = 12,
            .packet = {0x28, 0, (u8)(lba >> 24), (u8)(lba >> 16), (u8)(lba >> 8), (u8)lba, 0, 0, (u8)some}};
        u8 status = disk_transfer();
        // A medium that was just put in answers the first command with "unit attention".
        for (u32 tries = 0; status != 0 && tries < 3; ++tries) status = disk_transfer();
        if (status != 0) return status;
        lba += some;
        count -= some;
        address += some * 2048;
    }
    return 0;
}

u8 disk_move(u8 drive, u64 lba, u32 count, u16 segment, u16 offset, bool write) {
    const u32 address = (u32)segment * 16 + offset;
    if (is_cd(drive)) return write ? disk_write_protected : cd_read(drive, (u32)lba, count, address);
    const struct drive* d = &shared.drives[drive];
    if (lba >= d->sectors || count > d->sectors - lba) return disk_sector_not_found;
    shared.transfer = (struct transfer){.drive = drive, .lba = lba, .count = count, .address = address, .write = write};
    return disk_transfer();
}

// Cylinder, head and sector as int 13h passes them; all ones if there is no such sector.
static u32 sector_at(const struct frame* f, const struct drive* d) {
    const u32 cylinder = f->ch | (u32)(f->cl & 0xc0) << 2;
    const u32 sector = f->cl & 0x3f;
    if (sector == 0 || sector > d->sectors_per_track || f->dh >= d->heads) return ~0U;
    return (cylinder * d->heads + f->dh) * d->sectors_per_track + sector - 1;
}

static void read_or_write(struct frame* f, u8 number) {
    const struct drive* d = &shared.drives[number];
    const u32 lba = sector_at(f, d);
    if (f->al == 0 || f->al > 128 || lba == ~0U) {
        f->al = 0;
        disk_result(f, disk_bad_command);
        return;
    }
    const u8 status = f->ah == 4 ? (lba + f->al > d->sectors ? disk_sector_not_found : 0)
                                 : disk_move(number, lba, f->al, f->es, f->bx, f->ah == 3);
    if (status != 0) f->al = 0;
    disk_result(f, status);
}

static void give_geometry(struct frame* f, u8 number) {
    const struct drive* d = &shared.drives[number];
    const u32 cylinders = d->cylinders < 1024 ? d->cylinders : 1024;
    f->al = 0;
    f->ch = (u8)(cylinders - 1);
    f->cl = (u8)(d->sectors_per_track | ((cylinders - 1) >> 2 & 0xc0));
    f->dh = (u8)(d->heads - 1);
    f->dl = shared.disk_count;
    disk_result(f, 0);
}

static void give_type(struct frame* f, u8 number) {
    const struct drive* d = &shared.drives[number];
    const u64 all = d->sectors;
    const u32 sectors = all > 0xffffffffU ? 0xffffffffU : (u32)all;
    f->cx = (u16)(sectors >> 16);
    f->dx = (u16)sectors;
    disk_result(f, 0);
    f->ah = 3; // a hard disk
}

void hard_disk_function(struct frame* f, u8 number) {
    switch (f->ah) {
    case 0x02:
    case 0x03:
    case 0x04:
        read_or_write(f, number);
        return;
    case 0x08:
        give_geometry(f, number);
        return;
    case 0x15:
        give_type(f, number);
        return;
    case 0x00: // reset
    case 0x09: // set parameters
    case 0x0c: // seek
    case 0x0d: // reset
    case 0x10: // ready?
    case 0x11: // recalibrate
    case 0x14: // diagnose
        disk_result(f, 0);
        return;
    default:
        if (!extended_function(f, number)) disk_result(f, disk_bad_command);
    }
}

void cd_function(struct frame* f, u8 number) {
    switch (f->ah) {
    case 0x00:
    case 0x09:
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x11:
    case 0x14:
        disk_result(f, 0);
        return;
    case 0x15:
        disk_result(f, disk_media_changed);
        return;
    default:
        if (!extended_function(f, number)) disk_result(f, disk_bad_command);
    }
}

static bool is_emulated(u8 dl) { return shared.cd.active && shared.cd.media != 0 && dl == shared.cd.drive_number; }

// An emulated drive pushes the real ones of its sort up by one (El Torito 1.0, 1.3).
static u8 index_behind_emulation(u8 dl) {
    u8 index = dl & 0x7f;
    if (shared.cd.active && shared.cd.media != 0 && (dl & 0x80) == (shared.cd.drive_number & 0x80)) --index;
    return index;
}

void disk(struct frame* f) {
    if (f->ah == 0x01) { // the last operation's status
        const u8 status = peek8(bda_segment, f->dl & 0x80 ? bda_disk_status : bda_floppy_status);
        f->ah = status;
        set_carry(f, status != 0);
        return;
    }
    if (is_emulated(f->dl) || (shared.cd.active && f->ah == 0x4b && f->dl == 0x7f)) {
        emulated_drive_function(f);
        return;
    }
    const u8 index = index_behind_emulation(f->dl);
    if (f->dl < 0x80) {
        if (index < shared.floppy_count)
            floppy_function(f, shared.floppies[index]);
        else if (f->ah == 0x15 || f->ah == 0x08)
            floppy_function(f, 0xff);
        else
            disk_result(f, f->ah == 0 ? 0 : disk_timeout);
    } else if (f->dl >= 0xe0 && f->dl - 0xe0 < shared.cd_count) {
        cd_function(f, shared.cds[f->dl - 0xe0]);
    } else if (index < shared.disk_count) {
        hard_disk_function(f, shared.disks[index]);
    } else {
        disk_result(f, disk_bad_command);
    }
}
