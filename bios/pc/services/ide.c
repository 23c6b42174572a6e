// ATA/ATAPI-6, 9.5 (PIO data-in), 9.6 (PIO data-out), 9.7 (DMA), 9.8 and 9.9 (PACKET); SFF-8038i 1.0 (the bus master).
#include "bios/pc/services/ide.h"

#include "bios/pc/services/disk.h"
#include "bios/pc/shared/clock.h"

enum {
    ata_data = 0,
    ata_error = 1,
    ata_count = 2,
    ata_lba_low = 3,
    ata_lba_mid = 4,
    ata_lba_high = 5,
    ata_device = 6,
    ata_command = 7,
    ata_status = 7,
};
enum { status_error = 0x01, status_data = 0x08, status_fault = 0x20, status_ready = 0x40, status_busy = 0x80 };
enum {
    command_read = 0x20,
    command_read_ext = 0x24,
    command_write = 0x30,
    command_write_ext = 0x34,
    command_read_dma_ext = 0x25,
    command_write_dma_ext = 0x35,
    command_packet = 0xa0,
    command_identify_packet = 0xa1,
    command_read_dma = 0xc8,
    command_write_dma = 0xca,
    command_flush = 0xe7,
    command_identify = 0xec,
};
enum { no_interrupts = 0x0a, most_sectors_28 = 256, command_ms = 30000, probe_ms = 1000 };

static void read_data(u16 port, u32 address, u32 bytes) {
    u32 to = offset_in_segment(address);
    u32 count = bytes / 4;
    __asm__ volatile("pushw %%es\n"
                     "movw %w3, %%es\n"
                     "rep insl\n"
                     "popw %%es\n"
                     : "+D"(to), "+c"(count)
                     : "d"(port), "r"((u32)segment_of(address))
                     : "memory");
}

static void write_data(u16 port, u32 address, u32 bytes) {
    u32 from = offset_in_segment(address);
    u32 count = bytes / 4;
    __asm__ volatile("pushw %%ds\n"
                     "movw %w3, %%ds\n"
                     "rep outsl\n"
                     "popw %%ds\n"
                     : "+S"(from), "+c"(count)
                     : "d"(port), "r"((u32)segment_of(address))
                     : "memory");
}

static void discard(u16 port, u32 bytes) {
    for (u32 i = 0; i < bytes; i += 2) in16(port);
}

static u8 wait_while_busy(u16 port, u32 ms) {
    struct deadline deadline = deadline_in_ms(ms);
    for (;;) {
        const u8 status = in8(port + ata_status);
        if (!(status & status_busy)) return status;
        if (deadline_over(&deadline)) return status;
        breathe();
    }
}

static u8 failure(u16 port, u8 status) {
    if (status & status_busy) return disk_timeout;
    const u8 error = in8(port + ata_error);
    if (error & 0x40) return disk_uncorrectable;
    if (error & 0x10) return disk_sector_not_found;
    return disk_controller_failed;
}

// The alternate status is slow enough to give the drive its 400 ns.
static u8 choose(const struct drive* drive, u8 device) {
    out8(drive->command_port + ata_device, device);
    for (u32 i = 0; i < 4; ++i) in8(drive->control_port);
    return wait_while_busy(drive->command_port, probe_ms);
}

static void write_task(const struct drive* drive, u64 lba, u32 count) {
    const u16 port = drive->command_port;
    const u32 low = (u32)lba;
    if (drive->lba48) {
        out8(port + ata_count, (u8)(count >> 8));
        out8(port + ata_lba_low, (u8)(low >> 24));
        out8(port + ata_lba_mid, (u8)(lba >> 32));
        out8(port + ata_lba_high, (u8)(lba >> 40));
    }
    out8(port + ata_count, (u8)count);
    out8(port + ata_lba_low, (u8)low);
    out8(port + ata_lba_mid, (u8)(low >> 8));
    out8(port + ata_lba_high, (u8)(low >> 16));
}

static u8 flush(const struct drive* drive) {
    out8(drive->command_port + ata_command, command_flush);
    const u8 status = wait_while_busy(drive->command_port, command_ms);
    return status & (status_busy | status_error | status_fault) ? failure(drive->command_port, status) : 0;
}

// ---- the bus master ----

enum { bus_master_command = 0, bus_master_status = 2, bus_master_table = 4 };
enum { master_start = 0x01, master_to_memory = 0x08, master_active = 0x01, master_error = 0x02, master_clear = 0x06 };
enum { region_last = 0x8000, most_regions = 4 };

struct region {
    u32 address;
    u16 bytes; // 0: 64 KiB
    u16 flags;
};

// Addresses are physical ones only in real mode.
static bool can_use_dma(const struct drive* drive, u32 address, u32 bytes) {
    u32 machine_status;
    __asm__ volatile("smswl %0" : "=r"(machine_status));
    return drive->bus_master != 0 && (machine_status & 1) == 0 && ((address | bytes) & 1) == 0 && bytes != 0 &&
           bytes <= 0x20000;
}

// The regions may not pass a 64 KiB boundary.
static void prepare_dma(const struct drive* drive, u32 address, u32 bytes, bool write) {
    static struct region regions[most_regions] __attribute__((aligned(32)));
    u32 count = 0;
    while (bytes != 0 && count < most_regions) {
        const u32 room = 0x10000 - (address & 0xffff);
        const u32 some = bytes < room ? bytes : room;
        regions[count++] = (struct region){.address = address, .bytes = (u16)some};
        address += some;
        bytes -= some;
    }
    regions[count - 1].flags = region_last;
    const u16 master = drive->bus_master;
    out8(master + bus_master_command, write ? 0 : master_to_memory);
    out8(master + bus_master_status, in8(master + bus_master_status) | master_clear);
    out32(master + bus_master_table, SERVICES_BASE + (u32)regions);
}

static u8 run_dma(const struct drive* drive, bool write) {
    const u16 master = drive->bus_master;
    const u8 direction = write ? 0 : master_to_memory;
    out8(master + bus_master_command, direction | master_start);
    struct deadline deadline = deadline_in_ms(command_ms);
    u8 status;
    u8 seen;
    do {
        breathe();
        seen = in8(master + bus_master_status);
        status = in8(drive->control_port);
    } while (!deadline_over(&deadline) &&
             ((status & status_busy) || ((seen & master_active) && !(status & status_error))));
    out8(master + bus_master_command, direction);
    status = in8(drive->command_port + ata_status);
    if (status & (status_busy | status_error | status_fault)) return failure(drive->command_port, status);
    return seen & (master_active | master_error) ? disk_controller_failed : 0;
}

static u8 transfer_by_dma(const struct drive* drive, bool write) {
    if (write)
        out8(drive->command_port + ata_command, drive->lba48 ? command_write_dma_ext : command_write_dma);
    else
        out8(drive->command_port + ata_command, drive->lba48 ? command_read_dma_ext : command_read_dma);
    const u8 error = run_dma(drive, write);
    return error == 0 && write ? flush(drive) : error;
}

static u8 transfer_some(const struct drive* drive, u64 lba, u32 count, u32 address, bool write) {
    const u16 port = drive->command_port;
    const u8 slave = (u8)((drive->unit & 1) << 4);
    const u8 top = drive->lba48 ? 0 : (u8)((u32)lba >> 24 & 15);
    if (choose(drive, 0xe0 | slave | top) & status_busy) return disk_timeout;
    write_task(drive, lba, count);
    if (can_use_dma(drive, address, count * 512)) {
        prepare_dma(drive, address, count * 512, write);
        return transfer_by_dma(drive, write);
    }
    if (write)
        out8(port + ata_command, drive->lba48 ? command_write_ext : command_write);
    else
        out8(port + ata_command, drive->lba48 ? command_read_ext : command_read);
    for (u32 i = 0; i < 4; ++i) in8(drive->control_port);
    for (; count != 0; --count, address += 512) {
        const u8 status = wait_while_busy(port, command_ms);
        if (status & (status_busy | status_error | status_fault)) return failure(port, status);
        if (!(status & status_data)) return disk_controller_failed;
        if (write)
            write_data(port, address, 512);
        else
            read_data(port, address, 512);
    }
    const u8 status = wait_while_busy(port, command_ms);
    if (status & (status_busy | status_error | status_fault)) return failure(port, status);
    return write ? flush(drive) : 0;
}

u8 ide_transfer(const struct transfer* transfer) {
    const struct drive* drive = &shared.drives[transfer->drive];
    u64 lba = transfer->lba;
    u32 address = transfer->address;
    for (u32 left = transfer->count; left != 0;) {
        const u32 some = left < most_sectors_28 ? left : most_sectors_28;
        const u8 error = transfer_some(drive, lba, some, address, transfer->write != 0);
        if (error != 0) return error;
        lba += some;
        address += some * 512;
        left -= some;
    }
    return 0;
}

// The drive says how much each piece is; what exceeds the buffer is thrown away.
static u8 receive(u16 port, u32 address, u32 bytes) {
    for (;;) {
        const u8 status = wait_while_busy(port, command_ms);
        if (status & (status_busy | status_error)) return failure(port, status);
        if (!(status & status_data)) return bytes == 0 ? 0 : disk_short;
        const u32 piece = in8(port + ata_lba_mid) | (u32)in8(port + ata_lba_high) << 8;
        const u32 wanted = (piece < bytes ? piece : bytes) & ~3U;
        read_data(port, address, wanted);
        discard(port, piece - wanted);
        address += wanted;
        bytes -= wanted;
    }
}

u8 ide_packet(const struct transfer* transfer) {
    const struct drive* drive = &shared.drives[transfer->drive];
    const u16 port = drive->command_port;
    if (choose(drive, (u8)(0xa0 | (drive->unit & 1) << 4)) & status_busy) return disk_timeout;
    const u32 limit = transfer->bytes < 0xf800 ? transfer->bytes : 0xf800;
    const bool dma = can_use_dma(drive, transfer->address, transfer->bytes);
    if (dma) prepare_dma(drive, transfer->address, transfer->bytes, false);
    out8(port + ata_error, dma); // features
    out8(port + ata_lba_mid, (u8)limit);
    out8(port + ata_lba_high, (u8)(limit >> 8));
    out8(port + ata_command, command_packet);
    for (u32 i = 0; i < 4; ++i) in8(drive->control_port);
    const u8 status = wait_while_busy(port, command_ms);
    if ((status & (status_busy | status_error)) || !(status & status_data)) return failure(port, status);
    for (u32 i = 0; i < 12; i += 2) out16(port, (u16)(transfer->packet[i] | transfer->packet[i + 1] << 8));
    for (u32 i = 0; i < 4; ++i) in8(drive->control_port);
    return dma ? run_dma(drive, false) : receive(port, transfer->address, transfer->bytes);
}

// ---- detection, called by POST ----

enum { identity_dma = 0x0100 };

static u16 identity[256];

static void set_name(struct drive* drive, const char* what) {
    u32 length = 0;
    for (; what[length] != 0; ++length) drive->name[length] = what[length];
    for (u32 i = 0; i < 20 && length < drive_name_bytes - 2; ++i) {
        drive->name[length++] = (char)(identity[27 + i] >> 8);
        drive->name[length++] = (char)identity[27 + i];
    }
    while (length != 0 && drive->name[length - 1] == ' ') --length;
    drive->name[length] = 0;
}

static bool identify(struct drive* drive, u8 command) {
    const u16 port = drive->command_port;
    out8(port + ata_command, command);
    for (u32 i = 0; i < 4; ++i) in8(drive->control_port);
    const u8 status = wait_while_busy(port, probe_ms);
    if ((status & (status_busy | status_error)) || !(status & status_data)) return false;
    read_data(port, SERVICES_BASE + (u32)identity, 512);
    return true;
}

static void describe_disk(struct drive* drive) {
    drive->kind = drive_ide;
    if (!(identity[49] & identity_dma)) drive->bus_master = 0;
    drive->sector_bytes = 512;
    drive->physical_cylinders = identity[1];
    drive->physical_heads = identity[3];
    drive->physical_sectors = identity[6];
    drive->sectors = identity[60] | (u32)identity[61] << 16;
    drive->lba48 = (identity[83] & 0x0400) != 0;
    if (drive->lba48) {
        const u64 sectors = identity[100] | (u32)identity[101] << 16 | (u64)identity[102] << 32;
        if (sectors != 0) drive->sectors = sectors;
    }
    set_name(drive, "ATA ");
}

static void probe(const struct drive* place, u8 unit) {
    if (shared.drive_count == most_drives) return;
    struct drive* drive = &shared.drives[shared.drive_count];
    *drive = *place;
    drive->unit = unit;
    const u16 command_port = drive->command_port;
    const u8 status = choose(drive, (u8)(0xa0 | (unit & 1) << 4));
    if (status == 0xff || (status & status_busy)) return;
    // Registers that hold what is written belong to somebody.
    out8(command_port + ata_count, 0x55);
    out8(command_port + ata_lba_low, 0xaa);
    if (in8(command_port + ata_count) != 0x55 || in8(command_port + ata_lba_low) != 0xaa) return;
    if (identify(drive, command_identify)) {
        describe_disk(drive);
    } else if (identify(drive, command_identify_packet)) {
        drive->kind = drive_ide_cd;
        if (!(identity[49] & identity_dma)) drive->bus_master = 0;
        drive->sector_bytes = 2048;
        set_name(drive, "CD/DVD ");
    } else {
        return;
    }
    ++shared.drive_count;
}

// In: BX, CX the command and control ports of a channel, DL its number, SI the controller's PCI address, DI the
// channel's part of the bus master.
void detect_ide(struct frame* f) {
    const struct drive place = {
        .command_port = f->bx, .control_port = f->cx, .pci_address = f->si, .bus_master = f->di};
    out8(place.control_port, no_interrupts | 4); // software reset
    wait_us(10);
    out8(place.control_port, no_interrupts);
    wait_us(2000);
    probe(&place, (u8)(f->dl * 2));
    probe(&place, (u8)(f->dl * 2 + 1));
    out8(place.control_port, no_interrupts);
}
