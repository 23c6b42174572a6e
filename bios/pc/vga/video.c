// Int 10h (IBM PS/2 and PC BIOS Interface Technical Reference, "Interrupt 10H").
#include "bios/pc/vga/vga.h"

extern char entry_video[];

static const u8 static_information[16] = {0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 2, 8, 0xff, 0x0e};

static u16 cursor_of(u8 page) { return peek16(bda_segment, (u16)(bda_video_cursors + 2 * (page & 7))); }

static u8 active_page(void) { return peek8(bda_segment, bda_video_page); }

static u16 start_of(u8 page) { return (u16)(peek16(bda_segment, bda_video_page_bytes) * page); }

static bool is_text(void) { return mode_current()->memory == memory_text; }

static void show_cursor(void) {
    if (!is_text()) return;
    const u16 at = cursor_of(active_page());
    const u16 place =
        (u16)(start_of(active_page()) / 2 + (at >> 8) * peek8(bda_segment, bda_video_columns) + (at & 0xff));
    crtc_write(0x0e, (u8)(place >> 8));
    crtc_write(0x0f, (u8)place);
}

void cursor_place(u8 page, u8 column, u8 row) {
    poke16(bda_segment, (u16)(bda_video_cursors + 2 * (page & 7)), (u16)(row << 8 | column));
    if (page == active_page()) show_cursor();
}

// As CGA counts lines, of 8, unless "cursor emulation" is off (40:87 bit 0).
static void shape_cursor(const struct frame* f) {
    poke16(bda_segment, 0x60, f->cx);
    u8 begin = f->ch & 0x3f;
    u8 end = f->cl & 0x1f;
    const u8 height = peek8(bda_segment, 0x85);
    if (!(peek8(bda_segment, 0x87) & 1) && height > 8 && end < 8 && begin < 0x20) {
        const bool low = end != begin + 1;
        begin = low ? (u8)((begin + 1) * height / 8 - 1) : (u8)((end + 1) * height / 8 - 2);
        end = (u8)((end + 1) * height / 8 - 1);
    }
    crtc_write(0x0a, begin);
    crtc_write(0x0b, end);
}

static void choose_page(u8 page) {
    page &= 7;
    poke8(bda_segment, bda_video_page, page);
    poke16(bda_segment, 0x4e, start_of(page));
    const u16 start = is_text() ? start_of(page) / 2 : start_of(page);
    crtc_write(0x0c, (u8)(start >> 8));
    crtc_write(0x0d, (u8)start);
    show_cursor();
}

static void scroll_up_one(u8 attribute) {
    const struct frame window = {.al = 1,
                                 .bh = attribute,
                                 .dl = (u8)(peek8(bda_segment, bda_video_columns) - 1),
                                 .dh = peek8(bda_segment, bda_video_rows)};
    window_scroll(&window, true);
}

static void put(u8 page, u8 character, u8 attribute, bool with_attribute) {
    const u16 packed = cursor_of(page);
    u8 column = (u8)packed;
    u8 row = (u8)(packed >> 8);
    switch (character) {
    case 7:
        return;
    case '\b':
        if (column != 0) --column;
        break;
    case '\r':
        column = 0;
        break;
    case '\n':
        ++row;
        break;
    default:
        cell_write(page, column, row, (struct cell){character, attribute}, with_attribute);
        if (++column >= peek8(bda_segment, bda_video_columns)) {
            column = 0;
            ++row;
        }
    }
    if (row > peek8(bda_segment, bda_video_rows)) {
        row = peek8(bda_segment, bda_video_rows);
        // The new line has the colours of where the cursor was.
        scroll_up_one(is_text() ? cell_read(page, column, row).attribute : 0);
    }
    cursor_place(page, column, row);
}

void teletype(u8 page, u8 character, u8 attribute) { put(page, character, attribute, false); }

static void repeat(const struct frame* f, bool with_attribute) {
    const u16 at = cursor_of(f->bh);
    const u8 columns = peek8(bda_segment, bda_video_columns);
    u8 column = (u8)at;
    u8 row = (u8)(at >> 8);
    for (u16 i = 0; i < f->cx && row <= peek8(bda_segment, bda_video_rows); ++i) {
        cell_write(f->bh, column, row, (struct cell){f->al, f->bl}, with_attribute);
        if (++column == columns) {
            column = 0;
            ++row;
        }
    }
}

static void write_string(const struct frame* f) {
    const u16 before = cursor_of(f->bh);
    u16 from = f->bp;
    cursor_place(f->bh, f->dl, f->dh);
    for (u16 i = 0; i < f->cx; ++i) {
        const u8 character = peek8(f->es, from++);
        const u8 attribute = f->al & 2 ? peek8(f->es, from++) : f->bl;
        put(f->bh, character, attribute, true);
    }
    if (!(f->al & 1)) cursor_place(f->bh, (u8)before, (u8)(before >> 8));
}

static void set_border(const struct frame* f) {
    in8(0x3da);
    if (f->bh == 0) {
        out8(0x3c0, 0x11);
        out8(0x3c0, f->bl);
    } else { // which of the CGA's palettes
        for (u8 i = 1; i < 4; ++i) {
            out8(0x3c0, i);
            out8(0x3c0, (u8)(0x10 | 2 * i | (f->bl & 1)));
        }
    }
    out8(0x3c0, 0x20);
}

static void alternate(struct frame* f) {
    switch (f->bl) {
    case 0x10:
        f->bx = 0x0003; // colour, 256 KiB
        f->cx = peek8(bda_segment, 0x88) & 15;
        return;
    case 0x30: // scan lines
    case 0x31: // palette loading at mode sets
    case 0x32: // video on
    case 0x33: // grey scales
    case 0x36: // refresh
        f->al = 0x12;
        return;
    case 0x34:
        poke8(bda_segment, 0x87, (u8)((peek8(bda_segment, 0x87) & 0xfe) | (f->al & 1)));
        f->al = 0x12;
        return;
    default:
        return;
    }
}

static void display_combination(struct frame* f) {
    if (f->al == 0) f->bx = 0x0008; // a VGA with a colour display
    f->al = 0x1a;
}

// 1Bh: 64 bytes of functionality and state.
static void give_state(struct frame* f) {
    for (u16 i = 0; i < 64; ++i) poke8(f->es, (u16)(f->di + i), 0);
    poke32(f->es, f->di, (u32)VGA_SEGMENT << 16 | own_offset(static_information));
    far_copy(f->es, (u16)(f->di + 4), bda_segment, bda_video_mode, 30);
    poke8(f->es, (u16)(f->di + 0x22), (u8)(peek8(bda_segment, bda_video_rows) + 1));
    poke16(f->es, (u16)(f->di + 0x23), peek8(bda_segment, 0x85));
    poke8(f->es, (u16)(f->di + 0x25), 8);
    poke16(f->es, (u16)(f->di + 0x27), is_text() ? 16 : 256);
    poke8(f->es, (u16)(f->di + 0x29), 8);
    poke8(f->es, (u16)(f->di + 0x2a), 2);
    poke8(f->es, (u16)(f->di + 0x31), 3);
    f->al = 0x1b;
}

void video(struct frame* f) {
    switch (f->ah) {
    case 0x00:
        if (mode_set(f->al)) f->al = (f->al & 0x7f) == 6 ? 0x3f : (f->al & 0x7f) < 8 ? 0x30 : 0x20;
        return;
    case 0x01:
        shape_cursor(f);
        return;
    case 0x02:
        cursor_place(f->bh, f->dl, f->dh);
        return;
    case 0x03:
        f->dx = cursor_of(f->bh);
        f->cx = peek16(bda_segment, 0x60);
        return;
    case 0x05:
        choose_page(f->al);
        return;
    case 0x06:
    case 0x07:
        window_scroll(f, f->ah == 6);
        return;
    case 0x08: {
        const struct cell cell = cell_read(f->bh, (u8)cursor_of(f->bh), (u8)(cursor_of(f->bh) >> 8));
        f->ax = (u16)(cell.attribute << 8 | cell.character);
        return;
    }
    case 0x09:
        repeat(f, true);
        return;
    case 0x0a:
        repeat(f, !is_text());
        return;
    case 0x0b:
        set_border(f);
        return;
    case 0x0c:
    case 0x0d:
        point_function(f);
        return;
    case 0x0e:
        teletype(active_page(), f->al, f->bl);
        return;
    case 0x0f:
        f->al = (peek8(bda_segment, bda_video_mode) & 0x7f) | (peek8(bda_segment, 0x87) & 0x80);
        f->ah = peek8(bda_segment, bda_video_columns);
        f->bh = active_page();
        return;
    case 0x10:
        palette_function(f);
        return;
    case 0x11:
        font_function(f);
        return;
    case 0x12:
        alternate(f);
        return;
    case 0x13:
        write_string(f);
        return;
    case 0x1a:
        display_combination(f);
        return;
    case 0x1b:
        give_state(f);
        return;
    case 0x4f:
        vbe_function(f);
        return;
    default:
        return;
    }
}

// Called by POST.
void initialize(struct frame* f) {
    (void)f;
    fonts_make();
    poke32(0, 0x10 * 4, (u32)VGA_SEGMENT << 16 | own_offset(entry_video));
    poke32(0, 0x1f * 4, (u32)VGA_SEGMENT << 16 | own_offset(font8 + 128 * 8));
    mode_set(3);
}
