// The colours of the DAC, and int 10h 10h.
#include "bios/pc/vga/vga.h"

enum {
    dac_read_index = 0x3c7,
    dac_write_index = 0x3c8,
    dac_data = 0x3c9,
    attribute_port = 0x3c0,
    attribute_read = 0x3c1
};
enum { palette_64, palette_cga, palette_mono, palette_256 };
enum { full = 63, two_thirds = 42, third = 21 };

static void send(u8 red, u8 green, u8 blue) {
    out8(dac_data, red);
    out8(dac_data, green);
    out8(dac_data, blue);
}

// The EGA's 64 colours: two bits of each primary, the weaker ones in bits 3 to 5.
static void send_64(u32 i) {
    send((u8)((i >> 2 & 1) * two_thirds + (i >> 5 & 1) * third), (u8)((i >> 1 & 1) * two_thirds + (i >> 4 & 1) * third),
         (u8)((i & 1) * two_thirds + (i >> 3 & 1) * third));
}

// The CGA's 16: a bit for each primary, and bit 4 for brightness; dark yellow is brown.
static void send_cga(u32 i) {
    const u8 bright = (i & 0x10) ? third : 0;
    const bool brown = (i & 0x17) == 6;
    send((u8)((i >> 2 & 1) * two_thirds + bright), (u8)(brown ? third : (i >> 1 & 1) * two_thirds + bright),
         (u8)((i & 1) * two_thirds + bright));
}

static void send_grey(u32 i) {
    const u8 level = (i & 0x18) == 0x18 ? full : (i & 0x08) ? two_thirds : (i & 0x10) ? third : 0;
    send(level, level, level);
}

// A wheel of 24 hues from blue by red, yellow, green and cyan, between two levels.
static void send_hue(u32 hue, const u8 levels[5]) {
    static const u8 wheel[24] = {0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    send(levels[wheel[hue]], levels[wheel[(hue + 16) % 24]], levels[wheel[(hue + 8) % 24]]);
}

static void send_256(void) {
    static const u8 greys[] = {0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63};
    static const u8 levels[9][5] = {{0, 16, 31, 47, 63}, {31, 39, 47, 55, 63}, {45, 49, 54, 58, 63},
                                    {0, 7, 14, 21, 28},  {14, 17, 21, 24, 28}, {20, 22, 24, 26, 28},
                                    {0, 4, 8, 12, 16},   {8, 10, 12, 14, 16},  {11, 12, 13, 15, 16}};
    for (u32 i = 0; i < 16; ++i) send_cga((i & 7) | (i & 8) << 1);
    for (u32 i = 0; i < 16; ++i) send(greys[i], greys[i], greys[i]);
    for (u32 i = 0; i < 9; ++i)
        for (u32 hue = 0; hue < 24; ++hue) send_hue(hue, levels[i]);
    for (u32 i = 248; i < 256; ++i) send(0, 0, 0);
}

void dac_set(u8 palette) {
    out8(dac_write_index, 0);
    if (palette == palette_256) {
        send_256();
        return;
    }
    for (u32 i = 0; i < 64; ++i) {
        if (palette == palette_cga)
            send_cga(i & 0x1f);
        else if (palette == palette_mono)
            send_grey(i);
        else
            send_64(i);
    }
}

static void write_attribute(u8 index, u8 value) {
    in8(0x3da);
    out8(attribute_port, index);
    out8(attribute_port, value);
    out8(attribute_port, 0x20);
}

static u8 read_attribute(u8 index) {
    in8(0x3da);
    out8(attribute_port, index);
    const u8 value = in8(attribute_read);
    in8(0x3da);
    out8(attribute_port, 0x20);
    return value;
}

static void write_block(const struct frame* f) {
    out8(dac_write_index, f->bl);
    for (u32 i = 0; i < (u32)f->cx * 3 && i < 768; ++i) out8(dac_data, peek8(f->es, (u16)(f->dx + i)));
}

static void read_block(const struct frame* f) {
    out8(dac_read_index, f->bl);
    for (u32 i = 0; i < (u32)f->cx * 3 && i < 768; ++i) poke8(f->es, (u16)(f->dx + i), in8(dac_data));
}

static void to_grey(const struct frame* f) {
    for (u32 i = 0; i < f->cx && i < 256; ++i) {
        out8(dac_read_index, (u8)(f->bx + i));
        const u32 red = in8(dac_data), green = in8(dac_data), blue = in8(dac_data);
        const u8 level = (u8)((red * 77 + green * 151 + blue * 28) >> 8);
        out8(dac_write_index, (u8)(f->bx + i));
        send(level, level, level);
    }
}

static void read_all(const struct frame* f) {
    for (u8 i = 0; i < 16; ++i) poke8(f->es, (u16)(f->dx + i), read_attribute(i));
    poke8(f->es, (u16)(f->dx + 16), read_attribute(0x11));
}

static void choose_page(const struct frame* f) {
    if (f->bl == 0)
        write_attribute(0x10, (u8)((read_attribute(0x10) & 0x7f) | f->bh << 7));
    else
        write_attribute(0x14, read_attribute(0x10) & 0x80 ? f->bh & 15 : (u8)(f->bh << 2 & 12));
}

void palette_function(struct frame* f) {
    switch (f->al) {
    case 0x00:
        write_attribute(f->bl & 0x1f, f->bh);
        return;
    case 0x01:
        write_attribute(0x11, f->bh);
        return;
    case 0x02:
        for (u8 i = 0; i < 16; ++i) write_attribute(i, peek8(f->es, (u16)(f->dx + i)));
        write_attribute(0x11, peek8(f->es, (u16)(f->dx + 16)));
        return;
    case 0x03:
        write_attribute(0x10, (u8)((read_attribute(0x10) & 0xf7) | (f->bl & 1) << 3));
        return;
    case 0x07:
        f->bh = read_attribute(f->bl & 0x1f);
        return;
    case 0x08:
        f->bh = read_attribute(0x11);
        return;
    case 0x09:
        read_all(f);
        return;
    case 0x10:
        out8(dac_write_index, f->bl);
        send(f->dh, f->ch, f->cl);
        return;
    case 0x12:
        write_block(f);
        return;
    case 0x13:
        choose_page(f);
        return;
    case 0x15:
        out8(dac_read_index, f->bl);
        f->dh = in8(dac_data);
        f->ch = in8(dac_data);
        f->cl = in8(dac_data);
        return;
    case 0x17:
        read_block(f);
        return;
    case 0x18:
        out8(0x3c6, f->bl);
        return;
    case 0x19:
        f->bl = in8(0x3c6);
        return;
    case 0x1a:
        f->bl = read_attribute(0x10) >> 7;
        f->bh = read_attribute(0x14);
        return;
    case 0x1b:
        to_grey(f);
        return;
    default:
        return;
    }
}
