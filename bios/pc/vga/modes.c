// The standard modes: register values as IBM's VGA has them (PS/2 Hardware Interface Technical Reference, video).
#include "bios/pc/vga/vga.h"

static const u8 crtc_text40[] = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
                                 0,    0,    0,    0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const u8 crtc_text80[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
                                 0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const u8 crtc_mono[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
                               0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x0f, 0x96, 0xb9, 0xa3, 0xff};
static const u8 crtc_cga2[] = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0,    0,   0,
                               0,    0,    0,    0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff};
static const u8 crtc_cga1[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0,    0,   0,
                               0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xc2, 0xff};
static const u8 crtc_0d[] = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc0, 0,    0,   0,
                             0,    0,    0,    0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xe3, 0xff};
static const u8 crtc_0e[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0xc0, 0,    0,   0,
                             0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xe3, 0xff};
static const u8 crtc_350[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x40, 0,    0,   0,
                              0,    0,    0,    0x83, 0x85, 0x5d, 0x28, 0x0f, 0x63, 0xba, 0xe3, 0xff};
static const u8 crtc_11[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0,    0,   0,
                             0,    0,    0,    0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xc3, 0xff};
static const u8 crtc_12[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0,    0,   0,
                             0,    0,    0,    0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff};
static const u8 crtc_13[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0,    0,   0,
                             0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff};

static const u8 attribute_text[] = {0,    1,    2,    3,    4,    5,    0x14, 7, 0x38, 0x39,
                                    0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 8};
static const u8 attribute_mono[] = {0,    8,    8,    8,    8,    8,    8,    8, 0x10, 0x18,
                                    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x0e, 0, 0x0f, 8};
static const u8 attribute_cga2[] = {0,    0x13, 0x15, 0x17, 2,    4,    6,    7, 0x10, 0x11,
                                    0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x01, 0, 0x03, 0};
static const u8 attribute_cga1[] = {0,    0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
                                    0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x01, 0,    0x01, 0};
static const u8 attribute_200[] = {0,    1,    2,    3,    4,    5,    6,    7, 0x10, 0x11,
                                   0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x01, 0, 0x0f, 0};
static const u8 attribute_16[] = {0,    1,    2,    3,    4,    5,    0x14, 7, 0x38, 0x39,
                                  0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x01, 0, 0x0f, 0};
static const u8 attribute_11[] = {0,    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                                  0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x01, 0,    0x0f, 0};
static const u8 attribute_13[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0};

static const u8 graphics_text[] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff};
static const u8 graphics_mono[] = {0, 0, 0, 0, 0, 0x10, 0x0a, 0x0f, 0xff};
static const u8 graphics_cga2[] = {0, 0, 0, 0, 0, 0x30, 0x0f, 0x0f, 0xff};
static const u8 graphics_cga1[] = {0, 0, 0, 0, 0, 0x00, 0x0d, 0x0f, 0xff};
static const u8 graphics_planar[] = {0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff};
static const u8 graphics_linear[] = {0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff};

enum { palette_64, palette_cga, palette_mono, palette_256 };

static const struct mode modes[] = {
    {0x00,
     memory_text,
     40,
     25,
     16,
     palette_64,
     0xb800,
     0x0800,
     0x67,
     {0x08, 3, 0, 2},
     crtc_text40,
     attribute_text,
     graphics_text},
    {0x01,
     memory_text,
     40,
     25,
     16,
     palette_64,
     0xb800,
     0x0800,
     0x67,
     {0x08, 3, 0, 2},
     crtc_text40,
     attribute_text,
     graphics_text},
    {0x02,
     memory_text,
     80,
     25,
     16,
     palette_64,
     0xb800,
     0x1000,
     0x67,
     {0x00, 3, 0, 2},
     crtc_text80,
     attribute_text,
     graphics_text},
    {0x03,
     memory_text,
     80,
     25,
     16,
     palette_64,
     0xb800,
     0x1000,
     0x67,
     {0x00, 3, 0, 2},
     crtc_text80,
     attribute_text,
     graphics_text},
    {0x04,
     memory_cga2,
     40,
     25,
     8,
     palette_cga,
     0xb800,
     0x4000,
     0x63,
     {0x09, 3, 0, 2},
     crtc_cga2,
     attribute_cga2,
     graphics_cga2},
    {0x05,
     memory_cga2,
     40,
     25,
     8,
     palette_cga,
     0xb800,
     0x4000,
     0x63,
     {0x09, 3, 0, 2},
     crtc_cga2,
     attribute_cga2,
     graphics_cga2},
    {0x06,
     memory_cga1,
     80,
     25,
     8,
     palette_cga,
     0xb800,
     0x4000,
     0x63,
     {0x01, 1, 0, 6},
     crtc_cga1,
     attribute_cga1,
     graphics_cga1},
    {0x07,
     memory_text,
     80,
     25,
     16,
     palette_mono,
     0xb000,
     0x1000,
     0x66,
     {0x00, 3, 0, 2},
     crtc_mono,
     attribute_mono,
     graphics_mono},
    {0x0d,
     memory_planar,
     40,
     25,
     8,
     palette_cga,
     0xa000,
     0x2000,
     0x63,
     {0x09, 15, 0, 6},
     crtc_0d,
     attribute_200,
     graphics_planar},
    {0x0e,
     memory_planar,
     80,
     25,
     8,
     palette_cga,
     0xa000,
     0x4000,
     0x63,
     {0x01, 15, 0, 6},
     crtc_0e,
     attribute_200,
     graphics_planar},
    {0x0f,
     memory_planar,
     80,
     25,
     14,
     palette_mono,
     0xa000,
     0x8000,
     0xa3,
     {0x01, 15, 0, 6},
     crtc_350,
     attribute_mono,
     graphics_planar},
    {0x10,
     memory_planar,
     80,
     25,
     14,
     palette_64,
     0xa000,
     0x8000,
     0xa3,
     {0x01, 15, 0, 6},
     crtc_350,
     attribute_16,
     graphics_planar},
    {0x11,
     memory_planar,
     80,
     30,
     16,
     palette_64,
     0xa000,
     0xa000,
     0xe3,
     {0x01, 15, 0, 6},
     crtc_11,
     attribute_11,
     graphics_planar},
    {0x12,
     memory_planar,
     80,
     30,
     16,
     palette_64,
     0xa000,
     0xa000,
     0xe3,
     {0x01, 15, 0, 6},
     crtc_12,
     attribute_16,
     graphics_planar},
    {0x13,
     memory_linear,
     40,
     25,
     8,
     palette_256,
     0xa000,
     0xfa00,
     0x63,
     {0x01, 15, 0, 0x0e},
     crtc_13,
     attribute_13,
     graphics_linear},
};

const struct mode* mode_find(u8 number) {
    for (u32 i = 0; i < sizeof modes / sizeof modes[0]; ++i)
        if (modes[i].number == number) return &modes[i];
    return NULL;
}

const struct mode* mode_current(void) {
    const struct mode* mode = mode_find(peek8(bda_segment, bda_video_mode));
    return mode ? mode : mode_find(3);
}

static u16 crtc(void) { return peek16(bda_segment, bda_video_crtc); }

void crtc_write(u8 index, u8 value) {
    out8(crtc(), index);
    out8(crtc() + 1, value);
}

enum {
    attribute_port = 0x3c0,
    misc_write = 0x3c2,
    sequencer_port = 0x3c4,
    graphics_port = 0x3ce,
    status_color = 0x3da,
    status_mono = 0x3ba
};

static void write_registers(const struct mode* mode) {
    in8(status_color);
    in8(status_mono);
    out8(attribute_port, 0); // the screen goes dark
    out8(misc_write, mode->misc);
    out16(sequencer_port, 0x0100);
    for (u8 i = 0; i < 4; ++i) out16(sequencer_port, (u16)(mode->sequencer[i] << 8 | (i + 1)));
    out16(sequencer_port, 0x0300);
    const u16 port = mode->misc & 1 ? 0x3d4 : 0x3b4;
    poke16(bda_segment, bda_video_crtc, port);
    crtc_write(0x11, 0); // unlocks registers 0 to 7
    for (u8 i = 0; i < 25; ++i) crtc_write(i, mode->crtc[i]);
    for (u8 i = 0; i < 9; ++i) out16(graphics_port, (u16)(mode->graphics[i] << 8 | i));
    in8(port + 6);
    for (u8 i = 0; i < 20; ++i) {
        out8(attribute_port, i);
        out8(attribute_port, mode->attribute[i]);
    }
    out8(attribute_port, 0x14);
    out8(attribute_port, 0);
    out8(0x3c6, 0xff);
}

static void clear(const struct mode* mode) {
    const u32 value = mode->memory == memory_text ? 0x07200720 : 0;
    const u32 count = mode->memory == memory_planar || mode->memory == memory_linear ? 0x10000 / 4 : 0x8000 / 4;
    for (u32 i = 0; i < count; ++i) poke32(mode->segment, (u16)(i * 4), value);
}

static void note_mode(const struct mode* mode, u8 number) {
    poke8(bda_segment, bda_video_mode, mode->number);
    poke16(bda_segment, bda_video_columns, mode->columns);
    poke16(bda_segment, bda_video_page_bytes, mode->page_bytes);
    poke16(bda_segment, 0x4e, 0);
    for (u16 page = 0; page < 8; ++page) poke16(bda_segment, (u16)(bda_video_cursors + 2 * page), 0);
    poke16(bda_segment, 0x60, mode->memory == memory_text ? 0x0d0e : 0);
    poke8(bda_segment, bda_video_page, 0);
    poke8(bda_segment, 0x65, mode->memory == memory_text ? 0x29 : 0x2a);
    poke8(bda_segment, 0x66, 0x30);
    poke8(bda_segment, bda_video_rows, (u8)(mode->rows - 1));
    poke16(bda_segment, 0x85, mode->character_height);
    poke8(bda_segment, 0x87, (number & 0x80) | 0x60);
    poke8(bda_segment, 0x88, 0xf9);
    poke8(bda_segment, 0x89, 0x11); // 400 lines
    poke8(bda_segment, 0x8a, 8);    // an analog colour display
}

bool mode_set(u8 number) {
    const struct mode* mode = mode_find(number & 0x7f);
    if (!mode) return false;
    dispi_off();
    write_registers(mode);
    dac_set(mode->palette);
    note_mode(mode, number);
    if (!(number & 0x80)) clear(mode);
    if (mode->memory == memory_text) font_load(VGA_SEGMENT, own_offset(font16), 0, 256, 16, 0);
    // Int 43h: the font for characters in graphics.
    const u8* font = mode->character_height == 8 ? font8 : mode->character_height == 14 ? font14 : font16;
    poke32(0, 0x43 * 4, (u32)VGA_SEGMENT << 16 | own_offset(font));
    in8(crtc() + 6);
    out8(attribute_port, 0x20); // and light again
    return true;
}
