#include "bios/pc/post/drives.h"

#include "bios/pc/post/legacy.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/pci_config.h"

enum {
    class_ide = 0x0101,
    class_ahci = 0x010601,
    piix_ide_timing = 0x40,
    ide_decode = 0x8000,
    interface_bus_master = 0x80
};
enum { vendor_virtio = 0x1af4, virtio_block_old = 0x1001, virtio_block = 0x1042 };

struct drive* drive_add(void) {
    return shared.drive_count == most_drives ? NULL : &shared.drives[shared.drive_count++];
}

// As BIOSes with "LBA assist" count: as many heads as it takes to stay below 1024 cylinders.
void drive_set_geometry(struct drive* drive) {
    static const u16 heads[] = {16, 32, 64, 128, 255};
    const u32 sectors = drive->sectors >> 32 ? 0xffffffffU : (u32)drive->sectors;
    drive->sectors_per_track = 63;
    for (u32 i = 0; i < sizeof heads / sizeof heads[0]; ++i) {
        drive->heads = heads[i];
        drive->cylinders = sectors / 63 / heads[i];
        if (drive->cylinders <= 1024) break;
    }
    // A small disk that says how it is made is taken by its word.
    const u32 physical = (u32)drive->physical_cylinders * drive->physical_heads * drive->physical_sectors;
    if (physical != 0 && drive->physical_cylinders <= 1024 && drive->physical_sectors <= 63 &&
        drive->physical_heads <= 16) {
        drive->cylinders = drive->physical_cylinders;
        drive->heads = drive->physical_heads;
        drive->sectors_per_track = drive->physical_sectors;
    }
    if (drive->cylinders == 0) drive->cylinders = 1;
    if (drive->cylinders > 1024) drive->cylinders = 1024;
}

static void detect_channel(u16 address, u16 command_port, u16 control_port, u32 channel, u16 bus_master) {
    struct registers r = {.ebx = command_port, .ecx = control_port, .edx = channel, .esi = address, .edi = bus_master};
    call_service(service_detect_ide, &r);
}

static void detect_ide_function(u16 address) {
    const u8 interface = (u8)(pci_read32(address, pci_class) >> 8);
    if ((pci_read32(address, pci_vendor) & 0xffff) == 0x8086) {
        pci_write16(address, piix_ide_timing, ide_decode);
        pci_write16(address, piix_ide_timing + 2, ide_decode);
    }
    pci_write16(address, pci_command, pci_read16(address, pci_command) | pci_command_io | pci_command_master);
    static const u16 legacy[][2] = {{0x1f0, 0x3f6}, {0x170, 0x376}};
    const u16 bus_master = interface & interface_bus_master ? pci_read16(address, pci_bar0 + 16) & 0xfff0 : 0;
    for (u32 channel = 0; channel < 2; ++channel) {
        u16 command_port = legacy[channel][0];
        u16 control_port = legacy[channel][1];
        if (interface & (1 << 2 * channel)) { // native mode
            command_port = pci_read16(address, pci_bar0 + 8 * channel) & 0xfff8;
            control_port = (u16)((pci_read16(address, pci_bar0 + 8 * channel + 4) & 0xfffc) + 2);
        }
        detect_channel(address, command_port, control_port, channel,
                       bus_master != 0 ? (u16)(bus_master + 8 * channel) : 0);
    }
}

static void detect_floppies(void) {
    const u8 types = cmos_read(cmos_floppy_types);
    for (u8 unit = 0; unit < 2; ++unit) {
        const u8 type = unit == 0 ? types >> 4 : types & 15;
        if (type == 0 || type > 5) continue;
        static const u16 sectors[] = {720, 2400, 1440, 2880, 5760};
        struct drive* drive = drive_add();
        if (!drive) return;
        *drive = (struct drive){
            .kind = drive_floppy, .unit = unit, .floppy_type = type, .sector_bytes = 512, .sectors = sectors[type - 1]};
        memcpy(drive->name, unit == 0 ? "Floppy A" : "Floppy B", sizeof "Floppy A");
    }
}

void drives_set_up(void) {
    detect_floppies();
    for (i32 at = pci_next(-1, shared.last_bus); at >= 0; at = pci_next(at, shared.last_bus)) {
        const u16 address = (u16)at;
        const u32 class_code = pci_read32(address, pci_class) >> 8;
        const u32 id = pci_read32(address, pci_vendor);
        if (class_code >> 8 == class_ide) detect_ide_function(address);
        if (class_code == class_ahci) ahci_detect(address);
        if ((id & 0xffff) == vendor_virtio && (id >> 16 == virtio_block || id >> 16 == virtio_block_old))
            virtio_block_detect(address);
    }
    for (u32 i = 0; i < shared.drive_count; ++i) {
        struct drive* drive = &shared.drives[i];
        drive->priority = 0xffff;
        if (drive->kind == drive_ide || drive->kind == drive_ahci || drive->kind == drive_virtio)
            drive_set_geometry(drive);
        debug("Drive %u: %s, %llu sectors\n", i, drive->name, drive->sectors);
    }
}

static bool is_kind(u32 kind, u32 sort) {
    if (kind == drive_floppy) return sort == 0;
    return sort == (kind == drive_ide_cd || kind == drive_ahci_cd ? 2 : 1);
}

static u8 collect(u8* to, u32 most, u32 sort) {
    u8 count = 0;
    for (u32 i = 0; i < shared.drive_count; ++i) {
        if (!is_kind(shared.drives[i].kind, sort) || count == most) continue;
        u32 place = count++;
        for (; place != 0 && shared.drives[to[place - 1]].priority > shared.drives[i].priority; --place)
            to[place] = to[place - 1];
        to[place] = (u8)i;
    }
    return count;
}

void drives_number(void) {
    shared.floppy_count = collect(shared.floppies, 2, 0);
    shared.disk_count = collect(shared.disks, most_drives, 1);
    shared.cd_count = collect(shared.cds, most_drives, 2);
    *bda8(0x75) = shared.disk_count;
    if (shared.floppy_count != 0) *bda16(0x10) = (u16)((*bda16(0x10) & ~0xc1) | 1 | (shared.floppy_count - 1) << 6);
}
