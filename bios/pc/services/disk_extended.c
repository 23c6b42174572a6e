// Int 13h's extensions: Phoenix "Enhanced Disk Drive Specification" 3.0, and 4Bh of El Torito 1.0.
#include "bios/pc/services/disk.h"

enum { signature_given = 0xaa55, signature_asked = 0x55aa, edd_version = 0x30 };
enum { support_access = 1, support_locking = 2, support_edd = 4 };

// Disk address packet (EDD 3.0, 3.2). Where it has no far pointer, a flat address follows.
struct address_packet {
    u8 size;
    u8 reserved;
    u16 count;
    u16 offset;
    u16 segment;
    u64 lba;
};

static void move_by_packet(struct frame* f, u8 number, bool write, bool only_check) {
    struct address_packet packet;
    copy_in(&packet, f->ds, f->si, sizeof packet);
    const struct drive* d = &shared.drives[number];
    const bool disk = d->sectors != 0;
    u8 status = disk_bad_command;
    if (packet.size < sizeof packet || (packet.offset == 0xffff && packet.segment == 0xffff && !only_check)) {
        disk_result(f, status);
        return;
    }
    if (only_check)
        status =
            disk && (packet.lba >= d->sectors || packet.count > d->sectors - packet.lba) ? disk_sector_not_found : 0;
    else
        status =
            packet.count == 0 ? 0 : disk_move(number, packet.lba, packet.count, packet.segment, packet.offset, write);
    if (status != 0) poke16(f->ds, (u16)(f->si + 2), 0);
    disk_result(f, status);
}

// EDD 3.0, 3.8: the drive parameter table.
struct parameters {
    u16 size;
    u16 flags;
    u32 cylinders;
    u32 heads;
    u32 sectors_per_track;
    u64 sectors;
    u16 sector_bytes;
    u32 configuration; // of the drive, FFFF:FFFF: none
    u16 key;
    u8 path_bytes;
    u8 reserved[3];
    char bus[4];
    char interface[8];
    u8 bus_path[8];
    u8 device_path[16]; // as later versions have it; 3.0 has eight bytes
    u8 unused;
    u8 checksum;
} __attribute__((packed));

enum { path_key = 0xbedd, size_plain = 26, size_with_configuration = 30, size_with_path = 74 };
enum { flag_dma_boundary_transparent = 1, flag_geometry_valid = 2, flag_removable = 4, flag_lockable = 0x20 };

static void set_text(char* to, const char* text, u32 size) {
    for (u32 i = 0; i < size; ++i) to[i] = *text ? *text++ : ' ';
}

static void describe_path(struct parameters* p, const struct drive* d) {
    p->key = path_key;
    p->path_bytes = 44;
    set_text(p->bus, "PCI", sizeof p->bus);
    p->bus_path[0] = (u8)(d->pci_address >> 8);
    p->bus_path[1] = (u8)(d->pci_address >> 3 & 31);
    p->bus_path[2] = d->pci_address & 7;
    p->bus_path[3] = 0xff; // no channel
    if (d->kind == drive_ide || d->kind == drive_ide_cd) {
        set_text(p->interface, d->kind == drive_ide ? "ATA" : "ATAPI", sizeof p->interface);
        p->bus_path[3] = d->unit / 2;
        p->device_path[0] = d->unit & 1;
    } else {
        set_text(p->interface, d->kind == drive_virtio ? "SCSI" : "SATA", sizeof p->interface);
        p->device_path[0] = d->kind == drive_virtio ? 0 : d->unit;
    }
    u8 sum = 0;
    const u8* bytes = (const u8*)&p->key;
    for (u32 i = 0; i + 1 < size_with_path - size_with_configuration; ++i) sum = (u8)(sum + bytes[i]);
    p->checksum = (u8)(0 - sum);
}

static void give_parameters(struct frame* f, u8 number) {
    const struct drive* d = &shared.drives[number];
    const u16 room = peek16(f->ds, f->si);
    if (room < size_plain) {
        disk_result(f, disk_bad_command);
        return;
    }
    struct parameters p = {.configuration = 0xffffffff, .sector_bytes = d->sector_bytes};
    if (d->sectors != 0) {
        p.flags = flag_dma_boundary_transparent | (d->physical_cylinders != 0 ? flag_geometry_valid : 0);
        p.cylinders = d->physical_cylinders;
        p.heads = d->physical_heads;
        p.sectors_per_track = d->physical_sectors;
        p.sectors = d->sectors;
    } else {
        p.flags = flag_removable | flag_lockable | flag_dma_boundary_transparent;
        p.cylinders = p.heads = p.sectors_per_track = 0xffffffff;
        p.sectors = ~(u64)0;
    }
    p.size = room >= size_with_path            ? size_with_path
             : room >= size_with_configuration ? size_with_configuration
                                               : size_plain;
    if (p.size == size_with_path) describe_path(&p, d);
    copy_out(f->ds, f->si, &p, p.size);
    disk_result(f, 0);
}

// El Torito 1.0, figure 3: the specification packet.
struct specification {
    u8 size;
    u8 media;
    u8 drive_number;
    u8 controller;
    u32 lba;
    u16 device;
    u16 buffer;
    u16 load_segment;
    u16 load_sectors;
    u8 cylinders;
    u8 sectors;
    u8 heads;
} __attribute__((packed));

// AL 0: end the emulation; 1: only tell.
static void emulation_status(struct frame* f) {
    if (f->al > 1 || !shared.cd.active) {
        disk_result(f, disk_bad_command);
        return;
    }
    const struct cd_emulation* cd = &shared.cd;
    const struct specification s = {.size = sizeof s,
                                    .media = cd->media,
                                    .drive_number = cd->drive_number,
                                    .controller = cd->controller_unit / 2,
                                    .lba = cd->image_lba,
                                    .device = cd->controller_unit & 1,
                                    .load_segment = cd->load_segment,
                                    .load_sectors = cd->load_sectors,
                                    .cylinders = (u8)(cd->cylinders - 1),
                                    .sectors = cd->sectors_per_track,
                                    .heads = (u8)(cd->heads - 1)};
    copy_out(f->ds, f->si, &s, sizeof s);
    if (f->al == 0) shared.cd.media = 0;
    disk_result(f, 0);
}

bool extended_function(struct frame* f, u8 number) {
    switch (f->ah) {
    case 0x41:
        if (f->bx != signature_asked) return false;
        f->bx = signature_given;
        f->cx = shared.drives[number].sectors != 0 ? support_access | support_edd
                                                   : support_access | support_locking | support_edd;
        disk_result(f, 0);
        f->ah = edd_version;
        return true;
    case 0x42:
        move_by_packet(f, number, false, false);
        return true;
    case 0x43:
        move_by_packet(f, number, true, false);
        return true;
    case 0x44: // verify
    case 0x47: // seek
        move_by_packet(f, number, false, true);
        return true;
    case 0x45: // lock, eject, change: a drive's button is not our business
    case 0x46:
    case 0x49:
        disk_result(f, f->ah == 0x45 || shared.drives[number].sectors == 0 ? 0 : disk_bad_command);
        return true;
    case 0x48:
        give_parameters(f, number);
        return true;
    case 0x4b:
        emulation_status(f);
        return true;
    default:
        return false;
    }
}

// ---- a drive that is a file on the CD ----

static u8 emulated_move(u32 lba, u32 count, u32 address) {
    static u8 sector[2048];
    for (u32 i = 0; i < count; ++i, ++lba, address += 512) {
        const u8 status = cd_read(shared.cd.cd_drive, shared.cd.image_lba + lba / 4, 1, SERVICES_BASE + (u32)sector);
        if (status != 0) return status;
        copy_out(segment_of(address), offset_in_segment(address), sector + (lba & 3) * 512, 512);
    }
    return 0;
}

static void emulated_read(struct frame* f) {
    const struct cd_emulation* cd = &shared.cd;
    const u32 cylinder = f->ch | (u32)(f->cl & 0xc0) << 2;
    const u32 sector = f->cl & 0x3f;
    u8 status = disk_sector_not_found;
    if (sector != 0 && sector <= cd->sectors_per_track && f->dh < cd->heads && cylinder < cd->cylinders) {
        const u32 lba = (cylinder * cd->heads + f->dh) * cd->sectors_per_track + sector - 1;
        status = f->ah == 4 ? 0 : emulated_move(lba, f->al, (u32)f->es * 16 + f->bx);
    }
    if (status != 0) f->al = 0;
    disk_result(f, status);
}

void emulated_drive_function(struct frame* f) {
    const struct cd_emulation* cd = &shared.cd;
    switch (f->ah) {
    case 0x00:
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x11:
        disk_result(f, 0);
        return;
    case 0x02:
    case 0x04:
        emulated_read(f);
        return;
    case 0x03:
        disk_result(f, disk_write_protected);
        return;
    case 0x08:
        f->al = 0;
        f->bl = cd->media == 1 ? 2 : cd->media == 2 ? 4 : 5;
        f->ch = (u8)(cd->cylinders - 1);
        f->cl = (u8)(cd->sectors_per_track | ((cd->cylinders - 1) >> 2 & 0xc0));
        f->dh = cd->heads - 1;
        f->dl = cd->media == 4 ? (u8)(shared.disk_count + 1) : (u8)(shared.floppy_count + 1);
        disk_result(f, 0);
        return;
    case 0x15:
        disk_result(f, 0);
        f->ah = cd->media == 4 ? 3 : 1;
        return;
    case 0x4b:
        emulation_status(f);
        return;
    default:
        disk_result(f, disk_bad_command);
    }
}
