// Floppy disks on an 82077AA by DMA channel 2 (Intel 82077AA data sheet, 5.0 and 6.0; 8237A). The result phase is
// polled.
#include "bios/pc/services/disk.h"
#include "bios/pc/shared/clock.h"

enum { port_output = 0x3f2, port_status = 0x3f4, port_data = 0x3f5, port_rate = 0x3f7 };
enum { status_request = 0x80, status_to_host = 0x40 };
enum { dma_mask = 0x0a, dma_mode = 0x0b, dma_clear = 0x0c, dma_address = 0x04, dma_count = 0x05, dma_page = 0x81 };
enum { motor_ticks = 37, byte_ms = 500, seek_ms = 2000, transfer_ms = 3000 };

// 1 to 5, as CMOS counts: 360 KiB, 1.2 MiB, 720 KiB, 1.44 MiB, 2.88 MiB.
struct floppy_format {
    u8 cylinders;
    u8 heads;
    u8 sectors;
    u8 rate; // of the data
    u8 gap;
};
static const struct floppy_format formats[] = {
    {40, 2, 9, 2, 0x2a}, {80, 2, 15, 0, 0x1b}, {80, 2, 9, 2, 0x2a}, {80, 2, 18, 0, 0x1b}, {80, 2, 36, 3, 0x1b}};
// Int 1Eh's table, which some boot sectors copy and change.
const u8 floppy_parameters[] = {0xaf, 0x02, 0x25, 2, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08};

static bool wait_for(u8 mask, u8 value, u32 ms) {
    struct deadline deadline = deadline_in_ms(ms);
    while ((in8(port_status) & mask) != value) {
        if (deadline_over(&deadline)) return false;
        breathe();
    }
    return true;
}

static bool send(u8 byte) {
    if (!wait_for(status_request | status_to_host, status_request, byte_ms)) return false;
    out8(port_data, byte);
    return true;
}

static bool receive(u8* to, u32 count, u32 ms) {
    for (u32 i = 0; i < count; ++i) {
        if (!wait_for(status_request | status_to_host, status_request | status_to_host, ms)) return false;
        to[i] = in8(port_data);
    }
    return true;
}

static u8 output_of(u8 unit) { return (u8)(0x0c | unit | 0x10 << unit); }

static void motor_on(u8 unit) {
    const u8 running = peek8(bda_segment, bda_floppy_motor);
    poke8(bda_segment, bda_floppy_timeout, motor_ticks);
    out8(port_output, output_of(unit));
    poke8(bda_segment, bda_floppy_motor, (u8)((running & 0xf0) | 1 << unit));
}

// SENSE INTERRUPT STATUS until the seek is over.
static bool await_seek(void) {
    struct deadline deadline = deadline_in_ms(seek_ms);
    do {
        u8 result[2];
        if (!send(0x08) || !receive(result, 1, byte_ms)) return false;
        if (result[0] == 0x80) { // nothing yet; one byte only
            wait_us(500);
            breathe();
            continue;
        }
        if (!receive(result + 1, 1, byte_ms)) return false;
        if (result[0] & 0x20) return (result[0] & 0xc0) == 0;
    } while (!deadline_over(&deadline));
    return false;
}

void floppy_reset(void) {
    out8(port_output, 0x08);
    wait_us(100);
    out8(port_output, 0x0c);
    poke8(bda_segment, bda_floppy_recalibrate, 0);
    poke8(bda_segment, bda_floppy_motor, 0);
    wait_us(1000);
    for (u32 i = 0; i < 4; ++i) { // after a reset there is one for each drive
        u8 result[2];
        if (!send(0x08) || !receive(result, 1, byte_ms) || result[0] == 0x80) break;
        receive(result + 1, 1, byte_ms);
    }
    if (send(0x03) && send(0xaf)) send(0x02); // SPECIFY: step rate, head times, DMA
}

static bool prepare(u8 unit, const struct floppy_format* format, u8 cylinder) {
    motor_on(unit);
    out8(port_rate, format->rate);
    const u8 known = peek8(bda_segment, bda_floppy_recalibrate);
    if (!(known & 1 << unit)) {
        if (!send(0x07) || !send(unit)) return false;
        if (!await_seek() && (!send(0x07) || !send(unit) || !await_seek())) return false;
        poke8(bda_segment, bda_floppy_recalibrate, (u8)(known | 1 << unit));
    }
    if (!send(0x0f) || !send(unit) || !send(cylinder) || !await_seek()) return false;
    poke8(bda_segment, (u16)(bda_floppy_cylinder + unit), cylinder);
    return true;
}

static void start_dma(u32 address, u32 bytes, bool write) {
    out8(dma_mask, 6);
    out8(dma_clear, 0);
    out8(dma_mode, write ? 0x4a : 0x46);
    out8(dma_address, (u8)address);
    out8(dma_address, (u8)(address >> 8));
    out8(dma_page, (u8)(address >> 16));
    out8(dma_count, (u8)(bytes - 1));
    out8(dma_count, (u8)((bytes - 1) >> 8));
    out8(dma_mask, 2);
}

static u8 status_of(const u8* result) {
    if ((result[0] & 0xc0) == 0) return 0;
    if (result[1] & 0x02) return disk_write_protected;
    if (result[1] & 0x04) return disk_sector_not_found;
    if (result[1] & 0x20) return disk_uncorrectable;
    if (result[1] & 0x01) return disk_no_address_mark;
    return disk_controller_failed;
}

// READ DATA or WRITE DATA within one track.
static u8 run(u8 unit, const struct floppy_format* format, u32 lba, u32 count, u32 address, bool write) {
    const u8 cylinder = (u8)(lba / format->sectors / format->heads);
    const u8 head = (u8)(lba / format->sectors % format->heads);
    const u8 sector = (u8)(lba % format->sectors + 1);
    if (!prepare(unit, format, cylinder)) return disk_timeout;
    start_dma(address, count * 512, write);
    const u8 command[] = {
        write ? 0xc5 : 0xe6, (u8)(head << 2 | unit), cylinder, head, sector, 2, format->sectors, format->gap, 0xff};
    for (u32 i = 0; i < sizeof command; ++i)
        if (!send(command[i])) return disk_timeout;
    u8 result[7];
    if (!receive(result, sizeof result, transfer_ms)) {
        floppy_reset();
        return disk_timeout;
    }
    return status_of(result);
}

static u32 smaller(u32 a, u32 b) { return a < b ? a : b; }

u8 floppy_transfer(const struct transfer* transfer) {
    static u8 bounce[512] __attribute__((aligned(512)));
    const struct drive* d = &shared.drives[transfer->drive];
    const struct floppy_format* format = &formats[d->floppy_type - 1];
    u32 lba = (u32)transfer->lba;
    u32 address = transfer->address;
    for (u32 left = transfer->count; left != 0;) {
        // DMA counts 16 address bits: no piece may pass a 64 KiB boundary.
        const u32 to_boundary = (0x10000 - (address & 0xffff)) / 512;
        u32 some = smaller(left, format->sectors - lba % format->sectors);
        some = smaller(some, to_boundary);
        const bool bounced = some == 0;
        if (bounced) some = 1;
        const u32 buffer = bounced ? SERVICES_BASE + (u32)bounce : address;
        if (bounced && transfer->write) copy_in(bounce, segment_of(address), offset_in_segment(address), 512);
        u8 status = run(d->unit, format, lba, some, buffer, transfer->write != 0);
        for (u32 tries = 0; status != 0 && tries < 2; ++tries) {
            floppy_reset();
            status = run(d->unit, format, lba, some, buffer, transfer->write != 0);
        }
        if (status != 0) return status;
        if (bounced && !transfer->write) copy_out(segment_of(address), offset_in_segment(address), bounce, 512);
        lba += some;
        address += some * 512;
        left -= some;
    }
    return 0;
}

static void floppy_result(struct frame* f, u8 status) {
    f->ah = status;
    set_carry(f, status != 0);
    poke8(bda_segment, bda_floppy_status, status);
}

static void read_or_write(struct frame* f, u8 number) {
    const struct floppy_format* format = &formats[shared.drives[number].floppy_type - 1];
    const u8 sector = f->cl & 0x3f;
    const u32 end = (u32)sector + f->al;
    u8 status = disk_bad_command;
    if (f->al != 0 && sector != 0 && sector <= format->sectors && f->dh < format->heads &&
        end <= (u32)format->sectors * format->heads + 1) {
        const u32 lba = ((u32)f->ch * format->heads + f->dh) * format->sectors + sector - 1;
        status = f->ah == 4 ? 0 : disk_move(number, lba, f->al, f->es, f->bx, f->ah == 3);
    }
    if (status != 0) f->al = 0;
    floppy_result(f, status);
}

static void give_geometry(struct frame* f, u8 number) {
    f->ax = 0;
    if (number == 0xff) {
        f->ebx = 0;
        f->cx = 0;
        f->dx = shared.floppy_count;
        f->es = f->di = 0;
        floppy_result(f, 0);
        return;
    }
    const u8 type = shared.drives[number].floppy_type;
    f->bx = type;
    f->ch = (u8)(formats[type - 1].cylinders - 1);
    f->cl = formats[type - 1].sectors;
    f->dh = (u8)(formats[type - 1].heads - 1);
    f->dl = shared.floppy_count;
    f->es = SERVICES_SEGMENT;
    f->di = (u16)(u32)floppy_parameters;
    floppy_result(f, 0);
}

void floppy_function(struct frame* f, u8 number) {
    switch (f->ah) {
    case 0x00:
        floppy_reset();
        floppy_result(f, 0);
        return;
    case 0x02:
    case 0x03:
    case 0x04:
        read_or_write(f, number);
        return;
    case 0x08:
        give_geometry(f, number);
        return;
    case 0x15:
        floppy_result(f, 0);
        f->ah = number == 0xff ? 0 : 1; // no change line
        return;
    case 0x16: // changed?
    case 0x17: // set the medium's type
    case 0x18:
        floppy_result(f, 0);
        if (f->ah == 0x18) {
            f->es = SERVICES_SEGMENT;
            f->di = (u16)(u32)floppy_parameters;
        }
        return;
    default:
        floppy_result(f, disk_bad_command);
    }
}
