// "El Torito" Bootable CD-ROM Format Specification 1.0.
#include "bios/pc/post/boot.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"

enum { boot_record_sector = 17, media_mask = 15, sector_bytes = 2048 };
enum { media_none = 0, media_hard_disk = 4, default_segment = 0x7c0, conventional_end = 0x90000 };

struct address_packet {
    u8 size;
    u8 reserved;
    u16 count;
    u16 offset;
    u16 segment;
    u64 lba;
};

struct boot_record {
    u8 type;
    char iso[5];
    u8 version;
    char system[32];
    u8 unused[32];
    u32 catalog;
} __attribute__((packed));

struct validation_entry {
    u8 header;
    u8 platform;
    u8 unused[28];
    u16 key;
};

struct initial_entry {
    u8 indicator;
    u8 media;
    u16 segment;
    u8 system;
    u8 unused;
    u16 count; // of 512-byte sectors
    u32 lba;
} __attribute__((packed));

static bool read_sectors(u8 number, u32 lba, u32 count, u32 to) {
    static struct address_packet* const packet = (struct address_packet*)0x600; // real mode must reach it
    for (; count != 0; --count, ++lba, to += sector_bytes) {
        bool done = false;
        for (u32 tries = 0; tries < 4 && !done; ++tries) {
            *packet = (struct address_packet){
                .size = 16, .count = 1, .segment = (u16)(to >> 4), .offset = to & 15, .lba = lba};
            struct registers r = {.eax = 0x4200, .edx = number, .esi = (u32)packet};
            interrupt(0x13, &r);
            done = !(r.flags & flag_carry);
        }
        if (!done) return false;
    }
    return true;
}

static bool set_geometry(struct cd_emulation* cd, u8 cd_number) {
    static const u8 sectors[] = {0, 15, 18, 36};
    cd->heads = 2;
    cd->cylinders = 80;
    if (cd->media < media_hard_disk) {
        cd->sectors_per_track = sectors[cd->media];
        return true;
    }
    // The one partition of the image's MBR ends at the disk's last cylinder.
    if (!read_sectors(cd_number, cd->image_lba, 1, SECTOR_BUFFER)) return false;
    const u8* partition = (const u8*)(SECTOR_BUFFER + 0x1be);
    cd->heads = (u8)(partition[5] + 1);
    cd->sectors_per_track = partition[6] & 0x3f;
    cd->cylinders = (u16)((partition[7] | (partition[6] & 0xc0) << 2) + 1);
    return cd->heads != 0 && cd->sectors_per_track != 0;
}

const char* cd_load(u32 cd, u32* entry, u8* drive_number) {
    const u8 number = (u8)(0xe0 + cd);
    shared.cd.active = 0;
    shared.cd.media = 0;
    if (!read_sectors(number, boot_record_sector, 1, SECTOR_BUFFER)) return "holds no disc that can be read";
    const struct boot_record* record = (const struct boot_record*)SECTOR_BUFFER;
    if (memcmp(record->iso, "CD001", 5) != 0 || memcmp(record->system, "EL TORITO SPECIFICATION", 23) != 0)
        return "holds no bootable disc";
    if (!read_sectors(number, record->catalog, 1, SECTOR_BUFFER)) return "has an unreadable boot catalog";
    const struct validation_entry* validation = (const struct validation_entry*)SECTOR_BUFFER;
    const struct initial_entry* initial = (const struct initial_entry*)(SECTOR_BUFFER + 32);
    if (validation->header != 1 || validation->key != 0xaa55) return "has an invalid boot catalog";
    if (validation->platform != 0 || initial->indicator != 0x88) return "holds nothing for a PC's BIOS";
    struct cd_emulation emulation = {.media = initial->media & media_mask,
                                     .controller_unit = shared.drives[shared.cds[cd]].unit,
                                     .image_lba = initial->lba,
                                     .load_segment = initial->segment != 0 ? initial->segment : default_segment,
                                     .load_sectors = initial->count,
                                     .cd_drive = shared.cds[cd]};
    if (emulation.media > media_hard_disk) return "asks for an unknown kind of emulation";
    emulation.drive_number = emulation.media == media_none ? number : emulation.media == media_hard_disk ? 0x80 : 0;
    const u32 to = (u32)emulation.load_segment * 16;
    const u32 bytes = (emulation.load_sectors != 0 ? emulation.load_sectors : 1) * 512U;
    if (to < 0x1000 || bytes > conventional_end || to > conventional_end - bytes)
        return "asks for an impossible load address";
    if (emulation.media != media_none && !set_geometry(&emulation, number)) return "has an unreadable disk image";
    if (!read_sectors(number, emulation.image_lba, (bytes + sector_bytes - 1) / sector_bytes, to))
        return "cannot be read";
    shared.cd = emulation;
    shared.cd.active = 1;
    *entry = to;
    *drive_number = emulation.drive_number;
    return NULL;
}
