// Int 1Ah: ticks, the real-time clock, and PCI BIOS 2.1 (in pci_services.c).
#include "bios/pc/services/pci_services.h"
#include "bios/pc/services/services.h"
#include "bios/pc/shared/clock.h"

enum { update_in_progress = 0x80, status_b_alarm = 0x20, status_b_daylight = 1, status_b_set = 0x80 };

static void wait_for_update(void) {
    struct deadline deadline = deadline_in_ms(20);
    while ((cmos_read(cmos_status_a) & update_in_progress) && !deadline_over(&deadline)) pause();
}

static void set_clock(const u8* registers, const u8* values, u32 count) {
    const u8 status_b = cmos_read(cmos_status_b);
    cmos_write(cmos_status_b, status_b | status_b_set);
    for (u32 i = 0; i < count; ++i) cmos_write(registers[i], values[i]);
    cmos_write(cmos_status_b, status_b & (u8)~status_b_set);
}

void clock(struct frame* f) {
    set_carry(f, false);
    switch (f->ah) {
    case 0x00: {
        const u32 ticks = peek32(bda_segment, bda_ticks);
        f->cx = (u16)(ticks >> 16);
        f->dx = (u16)ticks;
        f->al = peek8(bda_segment, bda_tick_days);
        poke8(bda_segment, bda_tick_days, 0);
        breathe(); // programs wait here for the next tick
        return;
    }
    case 0x01:
        poke32(bda_segment, bda_ticks, (u32)f->cx << 16 | f->dx);
        poke8(bda_segment, bda_tick_days, 0);
        return;
    case 0x02:
        wait_for_update();
        f->dh = cmos_read(0);
        f->cl = cmos_read(2);
        f->ch = cmos_read(4);
        f->dl = cmos_read(cmos_status_b) & status_b_daylight;
        f->ah = 0;
        return;
    case 0x03:
        set_clock((const u8[]){0, 2, 4}, (const u8[]){f->dh, f->cl, f->ch}, 3);
        return;
    case 0x04:
        wait_for_update();
        f->cl = cmos_read(9);
        f->dh = cmos_read(8);
        f->dl = cmos_read(7);
        f->ch = cmos_read(cmos_century);
        f->ah = 0;
        return;
    case 0x05:
        set_clock((const u8[]){9, 8, 7, cmos_century}, (const u8[]){f->cl, f->dh, f->dl, f->ch}, 4);
        return;
    case 0x06:
        if (cmos_read(cmos_status_b) & status_b_alarm) {
            set_carry(f, true);
            return;
        }
        set_clock((const u8[]){1, 3, 5}, (const u8[]){f->dh, f->cl, f->ch}, 3);
        cmos_write(cmos_status_b, cmos_read(cmos_status_b) | status_b_alarm);
        out8(0xa1, in8(0xa1) & 0xfe);
        return;
    case 0x07:
        cmos_write(cmos_status_b, cmos_read(cmos_status_b) & (u8)~status_b_alarm);
        return;
    case 0xb1:
        pci_services(f);
        return;
    default:
        f->ah = 0x86;
        set_carry(f, true);
    }
}

// IRQ 8: what an alarm or a periodic interrupt was for is the program's business; int 4Ah is IBM's for the alarm.
void rtc_interrupt(struct frame* f) {
    (void)f;
    const u8 cause = cmos_read(cmos_status_c);
    if (cause & status_b_alarm) __asm__ volatile("pushal; int $0x4a; cli; cld; popal" : : : "memory");
    out8(0xa0, 0x20);
    out8(0x20, 0x20);
}
