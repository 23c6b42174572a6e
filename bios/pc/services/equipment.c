// The small ones: int 11h, 12h, 14h, 17h; 18h and 19h, which POST's code serves.
#include "bios/pc/services/services.h"
#include "bios/pc/shared/uart.h"

void equipment(struct frame* f) { f->ax = peek16(bda_segment, bda_equipment); }

void memory_size(struct frame* f) { f->ax = peek16(bda_segment, bda_memory_kib); }

static u8 line_status(u16 port) { return in8(port + 5); }

void serial(struct frame* f) {
    static const u16 divisors[] = {1047, 768, 384, 192, 96, 48, 24, 12}; // 110 to 9600 baud
    const u16 port = f->dx < 4 ? peek16(bda_segment, (u16)(bda_serial_ports + 2 * f->dx)) : 0;
    if (port == 0) return;
    switch (f->ah) {
    case 0x00:
        out8(port + 3, 0x80);
        out8(port, (u8)divisors[f->al >> 5]);
        out8(port + 1, (u8)(divisors[f->al >> 5] >> 8));
        out8(port + 3, f->al & 0x1f);
        out8(port + 1, 0);
        break;
    case 0x01:
        uart_write(port, (char)f->al);
        f->ah = line_status(port);
        return;
    case 0x02:
        f->ah = line_status(port);
        if (f->ah & 1)
            f->al = uart_read(port);
        else
            f->ah = 0x80; // timed out
        return;
    case 0x03:
        break;
    default:
        return;
    }
    f->ah = line_status(port);
    f->al = in8(port + 6);
}

// There is no printer: timed out, not selected.
void printer(struct frame* f) {
    if (f->ah <= 2) f->ah = 0x01;
}

void boot(struct frame* f) {
    (void)f;
    call_flat(post_call_boot);
    halt_for_ever();
}

void boot_failed(struct frame* f) {
    (void)f;
    call_flat(post_call_boot_failed);
    halt_for_ever();
}
