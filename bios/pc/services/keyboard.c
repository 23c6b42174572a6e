// Int 16h and its buffer, which the keyboard's interrupt and the serial console fill.
#include "bios/pc/services/keyboard.h"

#include "bios/pc/services/serial_console.h"

static u16 after(u16 place) {
    place = (u16)(place + 2);
    return place >= peek16(bda_segment, bda_key_buffer_end) ? peek16(bda_segment, bda_key_buffer_begin) : place;
}

bool put_key(u16 key) {
    const u16 tail = peek16(bda_segment, bda_key_tail);
    const u16 next = after(tail);
    if (next == peek16(bda_segment, bda_key_head)) return false;
    poke16(bda_segment, tail, key);
    poke16(bda_segment, bda_key_tail, next);
    return true;
}

// What the 84-key functions show of a key of the enhanced ones.
static u16 plain(u16 key) {
    const u8 scan_code = (u8)(key >> 8);
    const u8 ascii = (u8)key;
    if (ascii == 0xe0 && scan_code != 0) return key & 0xff00;
    if (scan_code == 0xe0) return (u16)(ascii == '/' ? 0x3500 | ascii : 0x1c00 | ascii);
    return key;
}

static void look(struct frame* f, bool enhanced, bool take) {
    const u16 head = peek16(bda_segment, bda_key_head);
    const bool empty = head == peek16(bda_segment, bda_key_tail);
    set_flag(f, flag_zero, empty);
    if (empty) return;
    const u16 key = peek16(bda_segment, head);
    f->ax = enhanced ? key : plain(key);
    if (take) poke16(bda_segment, bda_key_head, after(head));
}

void keyboard(struct frame* f) {
    serial_console_poll();
    switch (f->ah) {
    case 0x00: // the wait for a key was in interrupts.S
    case 0x10:
        look(f, f->ah == 0x10, true);
        return;
    case 0x01:
    case 0x11:
        // Programs poll here in a loop: interrupts must come through, and an idle machine may rest.
        breathe();
        look(f, f->ah == 0x11, false);
        return;
    case 0x02:
        f->al = peek8(bda_segment, bda_key_flags);
        return;
    case 0x03: // typematic rate
        return;
    case 0x05:
        f->al = put_key(f->cx) ? 0 : 1;
        return;
    case 0x09: // what is offered: 10h to 12h
        f->al = 0x20;
        return;
    case 0x12:
        f->al = peek8(bda_segment, bda_key_flags);
        f->ah = (u8)((peek8(bda_segment, bda_key_flags2) & 0x73) | (peek8(bda_segment, bda_key_flags3) & 0x0c) |
                     (peek8(bda_segment, bda_key_flags2) & 0x04) << 5);
        return;
    default:
        return;
    }
}
