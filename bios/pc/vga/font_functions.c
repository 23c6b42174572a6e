// Int 10h 11h: fonts, the VGA's and the program's own.
#include "bios/pc/vga/vga.h"

enum { sequencer_port = 0x3c4, graphics_port = 0x3ce };

static void sequencer(u8 index, u8 value) { out16(sequencer_port, (u16)(value << 8 | index)); }
static void graphics(u8 index, u8 value) { out16(graphics_port, (u16)(value << 8 | index)); }

// Plane 2 alone, at A0000h, while a font is read or written.
static void open_plane2(void) {
    sequencer(2, 4);
    sequencer(4, 7);
    graphics(4, 2);
    graphics(5, 0);
    graphics(6, 4);
}

static void close_plane2(void) {
    const struct mode* mode = mode_current();
    sequencer(2, mode->sequencer[1]);
    sequencer(4, mode->sequencer[3]);
    graphics(4, mode->graphics[4]);
    graphics(5, mode->graphics[5]);
    graphics(6, mode->graphics[6]);
}

void font_load(u16 segment, u16 offset, u32 first, u32 count, u8 height, u8 block) {
    const u16 base = (u16)((block & 3) << 14 | (block & 4) << 11);
    open_plane2();
    for (u32 i = 0; i < count && first + i < 256; ++i)
        far_copy(0xa000, (u16)(base + (first + i) * 32), segment, (u16)(offset + i * height), height);
    close_plane2();
}

// The screen's rows follow from the font's height.
static void use_height(u8 height) {
    const u16 port = peek16(bda_segment, bda_video_crtc);
    out8(port, 9);
    out8(port + 1, (u8)((in8(port + 1) & 0xe0) | (height - 1)));
    crtc_write(0x0a, (u8)(height > 8 ? height - 3 : height - 2));
    crtc_write(0x0b, (u8)(height > 8 ? height - 2 : height - 1));
    const u32 lines =
        mode_current()->memory == memory_text ? 400 : mode_current()->character_height * mode_current()->rows;
    const u8 rows = (u8)(lines / height);
    crtc_write(0x12, (u8)((u32)rows * height - 1));
    poke8(bda_segment, bda_video_rows, (u8)(rows - 1));
    poke16(bda_segment, 0x85, height);
    poke16(bda_segment, bda_video_page_bytes, (u16)(rows * peek8(bda_segment, bda_video_columns) * 2 + 256));
}

static u32 own(const void* font) { return (u32)VGA_SEGMENT << 16 | own_offset(font); }

static void give_pointer(struct frame* f) {
    u32 pointer;
    switch (f->bh) {
    case 0:
        pointer = peek32(0, 0x1f * 4);
        break;
    case 1:
        pointer = peek32(0, 0x43 * 4);
        break;
    case 2:
    case 5:
        pointer = own(font14);
        break;
    case 3:
        pointer = own(font8);
        break;
    case 4:
        pointer = own(font8 + 128 * 8);
        break;
    default:
        pointer = own(font16);
        break;
    }
    f->es = (u16)(pointer >> 16);
    f->bp = (u16)pointer;
    f->cx = peek8(bda_segment, 0x85);
    f->dl = peek8(bda_segment, bda_video_rows);
}

static void graphics_font(const struct frame* f, u32 font, u8 height) {
    static const u8 row_counts[] = {0, 14, 25, 43};
    const u8 rows = f->bl == 0 ? f->dl : f->bl < 4 ? row_counts[f->bl] : 25;
    poke32(0, 0x43 * 4, font);
    poke16(bda_segment, 0x85, height);
    if (rows != 0) poke8(bda_segment, bda_video_rows, (u8)(rows - 1));
}

void font_function(struct frame* f) {
    switch (f->al) {
    case 0x00:
    case 0x10:
        if (f->bh == 0 || f->bh > 32) return;
        font_load(f->es, f->bp, f->dx, f->cx, f->bh, f->bl);
        if (f->al == 0x10) use_height(f->bh);
        return;
    case 0x01:
    case 0x11:
        font_load(VGA_SEGMENT, own_offset(font14), 0, 256, 14, f->bl);
        if (f->al == 0x11) use_height(14);
        return;
    case 0x02:
    case 0x12:
        font_load(VGA_SEGMENT, own_offset(font8), 0, 256, 8, f->bl);
        if (f->al == 0x12) use_height(8);
        return;
    case 0x03:
        sequencer(3, f->bl);
        return;
    case 0x04:
    case 0x14:
        font_load(VGA_SEGMENT, own_offset(font16), 0, 256, 16, f->bl);
        if (f->al == 0x14) use_height(16);
        return;
    case 0x20:
        poke32(0, 0x1f * 4, (u32)f->es << 16 | f->bp);
        return;
    case 0x21:
        graphics_font(f, (u32)f->es << 16 | f->bp, (u8)f->cx);
        return;
    case 0x22:
        graphics_font(f, own(font14), 14);
        return;
    case 0x23:
        graphics_font(f, own(font8), 8);
        return;
    case 0x24:
        graphics_font(f, own(font16), 16);
        return;
    case 0x30:
        give_pointer(f);
        return;
    default:
        return;
    }
}
