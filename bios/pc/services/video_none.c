// Int 10h on a machine without a VGA: it keeps the cursor, so that the serial console can follow.
#include "bios/pc/services/services.h"

enum { screen_columns = 80, screen_rows = 25 };

static void place(u8 column, u8 row) { poke16(bda_segment, bda_video_cursors, (u16)(row << 8 | column)); }

static void advance(u8 character) {
    const u16 packed = peek16(bda_segment, bda_video_cursors);
    u8 column = (u8)packed;
    u8 row = (u8)(packed >> 8);
    if (character == '\r') {
        column = 0;
    } else if (character == '\n') {
        ++row;
    } else if (character == '\b') {
        if (column != 0) --column;
    } else if (character != 7 && ++column == screen_columns) {
        column = 0;
        ++row;
    }
    place(column, row < screen_rows ? row : screen_rows - 1);
}

void video_none(struct frame* f) {
    switch (f->ah) {
    case 0x00:
        place(0, 0);
        return;
    case 0x02:
        place(f->dl, f->dh);
        return;
    case 0x03:
        f->dx = peek16(bda_segment, bda_video_cursors);
        f->cx = 0x0607;
        return;
    case 0x08:
        f->ax = 0x0720;
        return;
    case 0x0e:
        advance(f->al);
        return;
    case 0x0f:
        f->ax = screen_columns << 8 | 3;
        f->bh = 0;
        return;
    default:
        return;
    }
}
