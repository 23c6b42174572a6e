// Characters on the screen, in text and in graphics; points.
#include "bios/pc/vga/vga.h"

enum { graphics_port = 0x3ce, sequencer_port = 0x3c4 };

static void graphics(u8 index, u8 value) { out16(graphics_port, (u16)(value << 8 | index)); }

static u8 columns(void) { return peek8(bda_segment, bda_video_columns); }
static u8 rows(void) { return (u8)(peek8(bda_segment, bda_video_rows) + 1); }
static u8 height(void) { return peek8(bda_segment, 0x85); }

static u16 page_begin(u8 page) { return (u16)(peek16(bda_segment, bda_video_page_bytes) * page); }

static u16 text_offset(u8 page, u8 column, u8 row) { return (u16)(page_begin(page) + (row * columns() + column) * 2); }

// ---- graphics: lines of bytes; a character cell is some bytes wide ----

static u16 line_offset(const struct mode* mode, u8 page, u32 y) {
    switch (mode->memory) {
    case memory_cga1:
    case memory_cga2:
        return (u16)((y & 1) * 0x2000 + (y >> 1) * 80);
    case memory_linear:
        return (u16)(y * 320);
    default:
        return (u16)(page_begin(page) + y * columns());
    }
}

static u32 cell_bytes(const struct mode* mode) {
    return mode->memory == memory_linear ? 8 : mode->memory == memory_cga2 ? 2 : 1;
}

// Int 43h's font; with CGA's modes int 1Fh has the upper half.
static u8 font_row(u8 character, u8 row) {
    const u32 vector = peek32(0, 0x43 * 4);
    return peek8((u16)(vector >> 16), (u16)((u16)vector + character * height() + row));
}

static void draw_planar(u16 offset, u8 bits, u8 colour, bool exclusive) {
    graphics(3, exclusive ? 0x18 : 0);
    graphics(5, 2);
    graphics(8, bits);
    peek8(0xa000, offset); // into the latches
    poke8(0xa000, offset, colour & 15);
    if (!exclusive) {
        graphics(8, (u8)~bits);
        peek8(0xa000, offset);
        poke8(0xa000, offset, 0);
    }
    graphics(8, 0xff);
    graphics(5, 0);
    graphics(3, 0);
}

// Each bit of `bits` becomes a pixel of the colour.
static void draw_packed(const struct mode* mode, u16 offset, u8 bits, u8 colour, bool exclusive) {
    if (mode->memory == memory_linear) {
        for (u32 x = 0; x < 8; ++x) poke8(mode->segment, (u16)(offset + x), bits & 0x80 >> x ? colour : 0);
        return;
    }
    if (mode->memory == memory_cga1) {
        const u8 value = colour & 1 ? bits : 0;
        poke8(mode->segment, offset, exclusive ? value ^ peek8(mode->segment, offset) : value);
        return;
    }
    u16 wide = 0;
    for (u32 x = 0; x < 8; ++x)
        if (bits & 0x80 >> x) wide = (u16)(wide | (colour & 3) << (14 - 2 * x));
    for (u16 i = 0; i < 2; ++i) {
        const u8 value = (u8)(wide >> (8 - 8 * i));
        const u16 at = (u16)(offset + i);
        poke8(mode->segment, at, exclusive ? value ^ peek8(mode->segment, at) : value);
    }
}

static void draw(const struct mode* mode, u8 page, u8 column, u8 row, struct cell cell) {
    const bool exclusive = (cell.attribute & 0x80) != 0 && mode->memory != memory_linear;
    for (u8 y = 0; y < height(); ++y) {
        const u16 offset = (u16)(line_offset(mode, page, (u32)row * height() + y) + column * cell_bytes(mode));
        const u8 bits = font_row(cell.character, y);
        if (mode->memory == memory_planar)
            draw_planar(offset, bits, cell.attribute, exclusive);
        else
            draw_packed(mode, offset, bits, cell.attribute, exclusive);
    }
}

void cell_write(u8 page, u8 column, u8 row, struct cell cell, bool with_attribute) {
    const struct mode* mode = mode_current();
    if (column >= columns() || row >= rows()) return;
    if (mode->memory != memory_text) {
        draw(mode, page, column, row, cell);
        return;
    }
    const u16 offset = text_offset(page, column, row);
    poke8(mode->segment, offset, cell.character);
    if (with_attribute) poke8(mode->segment, (u16)(offset + 1), cell.attribute);
}

static u8 seen_bits(const struct mode* mode, u16 offset) {
    if (mode->memory == memory_linear) {
        u8 bits = 0;
        for (u32 x = 0; x < 8; ++x)
            if (peek8(mode->segment, (u16)(offset + x)) != 0) bits |= (u8)(0x80 >> x);
        return bits;
    }
    if (mode->memory == memory_cga2) {
        u8 bits = 0;
        const u16 wide = (u16)(peek8(mode->segment, offset) << 8 | peek8(mode->segment, (u16)(offset + 1)));
        for (u32 x = 0; x < 8; ++x)
            if (wide >> (14 - 2 * x) & 3) bits |= (u8)(0x80 >> x);
        return bits;
    }
    if (mode->memory == memory_cga1) return peek8(mode->segment, offset);
    graphics(7, 0x0f);
    graphics(5, 8); // color compare with black
    graphics(2, 0);
    const u8 black = peek8(mode->segment, offset);
    graphics(5, 0);
    return (u8)~black;
}

struct cell cell_read(u8 page, u8 column, u8 row) {
    const struct mode* mode = mode_current();
    if (mode->memory == memory_text) {
        const u16 both = peek16(mode->segment, text_offset(page, column, row));
        return (struct cell){.character = (u8)both, .attribute = (u8)(both >> 8)};
    }
    u8 seen[16];
    const u8 lines = height() <= 16 ? height() : 16;
    for (u8 y = 0; y < lines; ++y)
        seen[y] = seen_bits(mode, (u16)(line_offset(mode, page, (u32)row * lines + y) + column * cell_bytes(mode)));
    for (u32 character = 0; character < 256; ++character) {
        u8 y = 0;
        while (y < lines && font_row((u8)character, y) == seen[y]) ++y;
        if (y == lines) return (struct cell){.character = (u8)character};
    }
    return (struct cell){0};
}

// ---- scrolling ----

static void fill(const struct mode* mode, u16 offset, u16 count, u8 attribute) {
    if (mode->memory == memory_text)
        for (u16 i = 0; i < count; i += 2) poke16(mode->segment, (u16)(offset + i), (u16)(attribute << 8 | ' '));
    else
        for (u16 i = 0; i < count; ++i) poke8(mode->segment, (u16)(offset + i), attribute);
}

static void text_line(u8 page, u8 column, u8 to, u8 from, u16 bytes) {
    const u16 segment = mode_current()->segment;
    far_copy(segment, text_offset(page, column, to), segment, text_offset(page, column, from), bytes);
}

static void move_row(const struct mode* mode, u8 page, u8 column, u8 to, u8 from, u8 width) {
    if (mode->memory == memory_text) {
        text_line(page, column, to, from, (u16)(width * 2));
        return;
    }
    const u16 left = (u16)(column * cell_bytes(mode));
    for (u32 y = 0; y < height(); ++y)
        far_copy(mode->segment, (u16)(line_offset(mode, page, (u32)to * height() + y) + left), mode->segment,
                 (u16)(line_offset(mode, page, (u32)from * height() + y) + left), (u16)(width * cell_bytes(mode)));
}

static void clear_row(const struct mode* mode, u8 page, u8 column, u8 row, u8 width, u8 attribute) {
    if (mode->memory == memory_text) {
        fill(mode, text_offset(page, column, row), (u16)(width * 2), attribute);
        return;
    }
    for (u32 y = 0; y < height(); ++y)
        fill(mode, (u16)(line_offset(mode, page, (u32)row * height() + y) + column * cell_bytes(mode)),
             (u16)(width * cell_bytes(mode)), attribute);
}

void window_scroll(const struct frame* f, bool up) {
    const struct mode* mode = mode_current();
    const u8 page = peek8(bda_segment, bda_video_page);
    const u8 right = f->dl < columns() ? f->dl : (u8)(columns() - 1);
    const u8 bottom = f->dh < rows() ? f->dh : (u8)(rows() - 1);
    if (f->cl > right || f->ch > bottom) return;
    const u8 width = (u8)(right - f->cl + 1);
    const u8 lines = (u8)(bottom - f->ch + 1);
    const u8 by = f->al == 0 || f->al > lines ? lines : f->al;
    const u8 attribute = mode->memory == memory_text ? f->bh : 0;
    if (mode->memory == memory_planar) graphics(5, 1); // by the latches
    for (u8 i = 0; i + by < lines; ++i) {
        const u8 to = up ? (u8)(f->ch + i) : (u8)(bottom - i);
        move_row(mode, page, f->cl, to, (u8)(up ? to + by : to - by), width);
    }
    if (mode->memory == memory_planar) graphics(5, 0);
    for (u8 i = 0; i < by; ++i) clear_row(mode, page, f->cl, (u8)(up ? bottom - i : f->ch + i), width, attribute);
}

// ---- points: 0Ch and 0Dh ----

static void write_point(const struct frame* f, const struct mode* mode, u16 line) {
    const u8 mask = (u8)(0x80 >> (f->cx & 7));
    if (mode->memory == memory_linear) {
        poke8(mode->segment, (u16)(line + f->cx), f->al);
    } else if (mode->memory == memory_planar) {
        graphics(3, f->al & 0x80 ? 0x18 : 0);
        graphics(5, 2);
        graphics(8, mask);
        peek8(mode->segment, (u16)(line + f->cx / 8));
        poke8(mode->segment, (u16)(line + f->cx / 8), f->al & 15);
        graphics(8, 0xff);
        graphics(5, 0);
        graphics(3, 0);
    } else {
        const u32 bits = mode->memory == memory_cga2 ? 2 : 1;
        const u32 shift = 8 - bits - (f->cx * bits & 7);
        const u16 offset = (u16)(line + f->cx * bits / 8);
        const u8 field = (u8)(((1U << bits) - 1) << shift);
        const u8 value = (u8)(f->al << shift & field);
        const u8 now = peek8(mode->segment, offset);
        poke8(mode->segment, offset, f->al & 0x80 ? now ^ value : (u8)((now & ~field) | value));
    }
}

static u8 read_point(const struct frame* f, const struct mode* mode, u16 line) {
    if (mode->memory == memory_linear) return peek8(mode->segment, (u16)(line + f->cx));
    if (mode->memory == memory_planar) {
        u8 colour = 0;
        for (u8 plane = 0; plane < 4; ++plane) {
            graphics(4, plane);
            if (peek8(mode->segment, (u16)(line + f->cx / 8)) & 0x80 >> (f->cx & 7)) colour |= (u8)(1 << plane);
        }
        graphics(4, 0);
        return colour;
    }
    const u32 bits = mode->memory == memory_cga2 ? 2 : 1;
    return (u8)(peek8(mode->segment, (u16)(line + f->cx * bits / 8)) >> (8 - bits - (f->cx * bits & 7)) &
                ((1U << bits) - 1));
}

void point_function(struct frame* f) {
    const struct mode* mode = mode_current();
    if (mode->memory == memory_text) return;
    const u16 line = line_offset(mode, f->bh, f->dx);
    if (f->ah == 0x0c)
        write_point(f, mode, line);
    else
        f->al = read_point(f, mode, line);
}
