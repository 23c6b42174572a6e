// VESA BIOS Extension 3.0 on Bochs' display interface (ports 1CEh and 1CFh).
#include "bios/pc/shared/pci_config.h"
#include "bios/pc/vga/vga.h"

enum { dispi_index_port = 0x1ce, dispi_data_port = 0x1cf };
enum {
    dispi_id,
    dispi_columns,
    dispi_rows,
    dispi_bits,
    dispi_enable,
    dispi_bank,
    dispi_virtual_width,
    dispi_virtual_height,
    dispi_x,
    dispi_y,
    dispi_memory_64k
};
enum { enable_on = 0x01, enable_eight_bit_dac = 0x20, enable_linear = 0x40, enable_keep = 0x80 };
enum { vbe_done = 0x004f, vbe_failed = 0x014f, mode_linear = 0x4000, mode_keep = 0x8000 };
enum { class_vga = 0x0300, palette_256 = 3 };

struct vbe_mode {
    u16 number;
    u16 columns;
    u16 rows;
    u8 bits;
};

// VESA's own numbers, then those that Bochs' VGA BIOS gave to the ones with 32 bits.
static const struct vbe_mode modes[] = {
    {0x100, 640, 400, 8},    {0x101, 640, 480, 8},    {0x103, 800, 600, 8},    {0x105, 1024, 768, 8},
    {0x107, 1280, 1024, 8},  {0x10e, 320, 200, 16},   {0x10f, 320, 200, 24},   {0x110, 640, 480, 15},
    {0x111, 640, 480, 16},   {0x112, 640, 480, 24},   {0x113, 800, 600, 15},   {0x114, 800, 600, 16},
    {0x115, 800, 600, 24},   {0x116, 1024, 768, 15},  {0x117, 1024, 768, 16},  {0x118, 1024, 768, 24},
    {0x119, 1280, 1024, 15}, {0x11a, 1280, 1024, 16}, {0x11b, 1280, 1024, 24}, {0x140, 320, 200, 32},
    {0x141, 640, 400, 32},   {0x142, 640, 480, 32},   {0x143, 800, 600, 32},   {0x144, 1024, 768, 32},
    {0x145, 1280, 1024, 32}, {0x147, 1600, 1200, 32}, {0x14c, 1152, 864, 32},  {0x17a, 1280, 800, 32},
    {0x17d, 1280, 960, 32},  {0x180, 1440, 900, 32},  {0x183, 1400, 1050, 32}, {0x186, 1680, 1050, 32},
    {0x18f, 1280, 720, 32},  {0x192, 1920, 1080, 32}};
enum { mode_count = sizeof modes / sizeof modes[0] };

static u16 current; // with the flag for the linear frame buffer; 0: a standard mode

static u16 dispi_read(u16 index) {
    out16(dispi_index_port, index);
    return in16(dispi_data_port);
}

static void dispi_write(u16 index, u16 value) {
    out16(dispi_index_port, index);
    out16(dispi_data_port, value);
}

bool dispi_present(void) { return (dispi_read(dispi_id) & 0xfff0) == 0xb0c0; }

void dispi_off(void) {
    current = 0;
    if (dispi_present()) dispi_write(dispi_enable, 0);
}

static u32 memory_bytes(void) {
    const u32 blocks = dispi_read(dispi_memory_64k);
    return (blocks != 0 ? blocks : 128) << 16;
}

static u32 frame_buffer(void) {
    for (i32 at = pci_next(-1, 0); at >= 0; at = pci_next(at, 0))
        if (pci_read32((u16)at, pci_class) >> 16 == class_vga) return pci_read32((u16)at, pci_bar0) & 0xfffffff0;
    return 0xe0000000;
}

static u32 bytes_per_point(const struct vbe_mode* mode) { return (mode->bits + 7U) / 8; }
static u32 pitch(const struct vbe_mode* mode) { return mode->columns * bytes_per_point(mode); }

static const struct vbe_mode* find(u16 number) {
    for (u32 i = 0; i < mode_count; ++i)
        if (modes[i].number == (number & 0x1ff) && pitch(&modes[i]) * modes[i].rows <= memory_bytes()) return &modes[i];
    return NULL;
}

static void store(const struct frame* f, const void* from, u16 offset, u16 bytes) {
    far_copy(f->es, (u16)(f->di + offset), VGA_SEGMENT, own_offset(from), bytes);
}

// ---- 4F00h, 4F01h ----

struct controller {
    char signature[4];
    u16 version;
    u32 oem;
    u32 capabilities;
    u32 mode_list;
    u16 memory_64k;
    u16 revision;
    u32 vendor;
    u32 product;
    u32 product_revision;
} __attribute__((packed));

static u16 describe_controller(const struct frame* f) {
    static const char name[] = "Orrery VBE";
    static const char version[] = "1.0";
    const bool is_vbe2 = peek32(f->es, f->di) == 0x32454256; // "VBE2"
    const u32 segment = (u32)VGA_SEGMENT << 16;
    const struct controller block = {.signature = {'V', 'E', 'S', 'A'},
                                     .version = 0x0300,
                                     .oem = segment | own_offset(name),
                                     .capabilities = 1, // an 8-bit DAC
                                     .mode_list = (u32)f->es << 16 | (u16)(f->di + sizeof(struct controller)),
                                     .memory_64k = (u16)(memory_bytes() >> 16),
                                     .revision = 0x0100,
                                     .vendor = segment | own_offset(name),
                                     .product = segment | own_offset(name),
                                     .product_revision = segment | own_offset(version)};
    store(f, &block, 0, is_vbe2 ? sizeof block : 20);
    u16 at = (u16)(f->di + sizeof block);
    for (u32 i = 0; i < mode_count; ++i) {
        if (!find(modes[i].number)) continue;
        poke16(f->es, at, modes[i].number);
        at = (u16)(at + 2);
    }
    poke16(f->es, at, 0xffff);
    return vbe_done;
}

struct information {
    u16 attributes;
    u8 window_a, window_b;
    u16 granularity_kib, window_kib;
    u16 segment_a, segment_b;
    u32 window_function;
    u16 pitch;
    u16 columns, rows;
    u8 character_columns, character_rows;
    u8 planes, bits, banks, model, bank_kib, images, reserved;
    u8 red_bits, red_at, green_bits, green_at, blue_bits, blue_at, other_bits, other_at, direct;
    u32 frame_buffer;
    u32 reserved2;
    u16 reserved3;
    u16 linear_pitch;
    u8 banked_images, linear_images;
    u8 linear_fields[8];
    u32 most_hertz;
} __attribute__((packed));

enum {
    attribute_supported = 0x01,
    attribute_reserved = 0x02,
    attribute_colour = 0x08,
    attribute_graphics = 0x10,
    attribute_linear = 0x80
};

static void set_fields(struct information* block, u8 bits) {
    static const u8 fields[][8] = {
        {5, 10, 5, 5, 5, 0, 1, 15}, {5, 11, 6, 5, 5, 0, 0, 0}, {8, 16, 8, 8, 8, 0, 0, 0}, {8, 16, 8, 8, 8, 0, 8, 24}};
    const u8* chosen = fields[bits == 15 ? 0 : bits == 16 ? 1 : bits == 24 ? 2 : 3];
    memcpy(&block->red_bits, chosen, 8);
    memcpy(block->linear_fields, chosen, 8);
    block->direct = bits == 32 ? 2 : 0;
}

static u16 describe_mode(const struct frame* f) {
    const struct vbe_mode* mode = find(f->cx);
    if (!mode) return vbe_failed;
    const u32 images = memory_bytes() / (pitch(mode) * mode->rows) - 1;
    static struct information block;
    memset(&block, 0, sizeof block);
    block = (struct information){.attributes = attribute_supported | attribute_reserved | attribute_colour |
                                               attribute_graphics | attribute_linear,
                                 .window_a = 7, // it is there, and is read and written
                                 .granularity_kib = 64,
                                 .window_kib = 64,
                                 .segment_a = 0xa000,
                                 .pitch = (u16)pitch(mode),
                                 .columns = mode->columns,
                                 .rows = mode->rows,
                                 .character_columns = 8,
                                 .character_rows = 16,
                                 .planes = 1,
                                 .bits = mode->bits,
                                 .banks = 1,
                                 .model = mode->bits == 8 ? 4 : 6, // packed pixels, direct colour
                                 .images = (u8)(images < 255 ? images : 255),
                                 .reserved = 1,
                                 .frame_buffer = frame_buffer(),
                                 .linear_pitch = (u16)pitch(mode),
                                 .banked_images = (u8)(images < 255 ? images : 255),
                                 .linear_images = (u8)(images < 255 ? images : 255)};
    if (mode->bits != 8) set_fields(&block, mode->bits);
    for (u16 i = 0; i < 256; i += 4) poke32(f->es, (u16)(f->di + i), 0);
    store(f, &block, 0, sizeof block);
    return vbe_done;
}

// ---- 4F02h, 4F03h ----

static u16 set_mode(u16 number) {
    if ((number & 0x1ff) < 0x100) {
        const u8 standard = (u8)((number & 0x7f) | (number & mode_keep ? 0x80 : 0));
        return mode_set(standard) ? vbe_done : vbe_failed;
    }
    const struct vbe_mode* mode = find(number);
    if (!mode) return vbe_failed;
    const bool keep = (number & mode_keep) != 0;
    mode_set(0x93); // what the registers of the VGA itself hold: a linear mode
    dac_set(palette_256);
    dispi_write(dispi_columns, mode->columns);
    dispi_write(dispi_rows, mode->rows);
    dispi_write(dispi_bits, mode->bits);
    dispi_write(dispi_enable, (u16)(enable_on | enable_linear | (keep ? enable_keep : 0)));
    dispi_write(dispi_virtual_width, mode->columns);
    dispi_write(dispi_x, 0);
    dispi_write(dispi_y, 0);
    dispi_write(dispi_bank, 0);
    current = number & (mode_linear | 0x1ff);
    return vbe_done;
}

// ---- 4F05h to 4F09h ----

static u16 window(struct frame* f) {
    if (current == 0 || f->bl != 0 || f->bh > 1) return vbe_failed;
    if (f->bh == 1)
        f->dx = dispi_read(dispi_bank);
    else if (((u32)f->dx << 16) < memory_bytes())
        dispi_write(dispi_bank, f->dx);
    else
        return vbe_failed;
    return vbe_done;
}

static u16 line_length(struct frame* f) {
    const struct vbe_mode* mode = find(current);
    if (current == 0 || !mode || f->bl > 3) return vbe_failed;
    const u32 point = bytes_per_point(mode);
    if (f->bl == 0 || f->bl == 2) {
        const u32 wanted = f->bl == 0 ? f->cx : f->cx / point;
        if (wanted < mode->columns || wanted * point * mode->rows > memory_bytes()) return 0x024f;
        dispi_write(dispi_virtual_width, (u16)wanted);
    }
    const u32 width = f->bl == 3 ? (memory_bytes() / mode->rows / point) & 0xfff8 : dispi_read(dispi_virtual_width);
    f->cx = (u16)width;
    f->bx = (u16)(width * point);
    f->dx = (u16)(memory_bytes() / (width * point));
    return vbe_done;
}

static u16 display_start(struct frame* f) {
    if (current == 0) return vbe_failed;
    switch (f->bl) {
    case 0x00:
    case 0x80:
        dispi_write(dispi_x, f->cx);
        dispi_write(dispi_y, f->dx);
        return vbe_done;
    case 0x01:
        f->cx = dispi_read(dispi_x);
        f->dx = dispi_read(dispi_y);
        f->bh = 0;
        return vbe_done;
    default:
        return vbe_failed;
    }
}

static u16 dac_width(struct frame* f) {
    const u16 enable = dispi_read(dispi_enable);
    if (f->bl == 0)
        dispi_write(dispi_enable,
                    (u16)((f->bh >= 8 ? enable | enable_eight_bit_dac : enable & ~enable_eight_bit_dac) | enable_keep));
    else if (f->bl != 1)
        return vbe_failed;
    f->bh = dispi_read(dispi_enable) & enable_eight_bit_dac ? 8 : 6;
    return vbe_done;
}

// Four bytes an entry: blue, green, red, nothing.
static u16 palette(const struct frame* f) {
    if ((f->bl & 0x7f) > 1 || f->dx > 255 || f->cx > 256) return vbe_failed;
    const bool write = (f->bl & 0x7f) == 0;
    out8(write ? 0x3c8 : 0x3c7, (u8)f->dx);
    for (u32 i = 0; i < f->cx; ++i) {
        for (i32 part = 2; part >= 0; --part) {
            const u16 at = (u16)(f->di + i * 4 + (u32)part);
            if (write)
                out8(0x3c9, peek8(f->es, at));
            else
                poke8(f->es, at, in8(0x3c9));
        }
    }
    return vbe_done;
}

void vbe_function(struct frame* f) {
    if (!dispi_present()) return;
    switch (f->al) {
    case 0x00:
        f->ax = describe_controller(f);
        return;
    case 0x01:
        f->ax = describe_mode(f);
        return;
    case 0x02:
        f->ax = set_mode(f->bx);
        return;
    case 0x03:
        f->bx = current != 0 ? current : peek8(bda_segment, bda_video_mode);
        f->ax = vbe_done;
        return;
    case 0x05:
        f->ax = window(f);
        return;
    case 0x06:
        f->ax = line_length(f);
        return;
    case 0x07:
        f->ax = display_start(f);
        return;
    case 0x08:
        f->ax = dac_width(f);
        return;
    case 0x09:
        f->ax = palette(f);
        return;
    default:
        f->ax = 0x0100; // not supported
        return;
    }
}
