#include "machine/boards/pc_screen.hpp"

#include "bios/pc/firmware.hpp"

namespace orrery::pc {
namespace {

constexpr u16 attribute_port = 0x3c0, misc_write = 0x3c2, sequencer_port = 0x3c4, dac_index = 0x3c8, dac_data = 0x3c9,
              graphics_port = 0x3ce, crtc_port = 0x3d4, input_status_1 = 0x3da;
constexpr u8 light = 0x20; // the attribute controller shows the screen, not its registers
constexpr u32 planes = 4, font_plane = 2;
constexpr u32 characters_from = 0x20, characters_to = 0x80;
constexpr u32 glyph_rows = 16, glyph_slot = 32; // a character's place in the plane
constexpr u64 cell_bytes = 2 * planes;          // of character and attribute, as video memory has them
constexpr u32 cells = 80 * 25;
// Where IBM's BIOS had the glyphs of 8 rows, and every BIOS has them since.
constexpr u64 font_from_end = 0x10'0000 - 0xf'fa6e;

// IBM, "Video Subsystems": mode 3+, in the order of the registers.
constexpr u8 sequencer[] = {0x03, 0x00, 0x03, 0x00, 0x02};
constexpr u8 crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
                       0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
constexpr u8 graphics[] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff};
constexpr u8 attribute[] = {0,    1,    2,    3,    4,    5,    0x14, 7,    0x38, 0x39, 0x3a,
                            0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0,    0x0f, 8,    0};

template <std::size_t count> void write_indexed(Vga& vga, u16 port, const u8 (&values)[count]) {
    for (std::size_t i = 0; i < count; ++i) {
        vga.write_port(port, static_cast<u8>(i));
        vga.write_port(static_cast<u16>(port + 1), values[i]);
    }
}

// Two bits of each primary, the weaker ones in bits 3 to 5.
void fill_palette(Vga& vga) {
    vga.write_port(dac_index, 0);
    for (u32 color = 0; color < 64; ++color)
        for (const u32 primary : {2U, 1U, 0U})
            vga.write_port(dac_data, static_cast<u8>((color >> primary & 1) * 42 + (color >> (primary + 3) & 1) * 21));
}

// A glyph of 8 rows becomes one of 16.
void load_font(std::span<u8> memory) {
    const std::span<const u8> font = bios::pc_firmware().last(font_from_end);
    for (u32 character = characters_from; character < characters_to; ++character)
        for (u32 row = 0; row < glyph_rows; ++row)
            memory[planes * (glyph_slot * character + row) + font_plane] = font[8 * character + row / 2];
}

} // namespace

void show_text(Vga& vga) {
    vga.write_dispi(vga::dispi::enable, 0);
    vga.write_port(misc_write, 0x67);
    write_indexed(vga, sequencer_port, sequencer);
    write_indexed(vga, crtc_port, crtc);
    write_indexed(vga, graphics_port, graphics);
    vga.read_port(input_status_1); // the index is next
    for (u8 i = 0; i < std::size(attribute); ++i) {
        vga.write_port(attribute_port, i);
        vga.write_port(attribute_port, attribute[i]);
    }
    vga.write_port(attribute_port, light);
    fill_palette(vga);
    const std::span<u8> memory(vga.video_memory().host(), vga::legacy_memory_bytes);
    for (u32 cell = 0; cell < cells; ++cell) {
        memory[cell_bytes * cell] = ' ';
        memory[cell_bytes * cell + 1] = 7;
    }
    load_font(memory);
}

void show_frame_buffer(Vga& vga, FrameBufferMode mode) {
    vga.write_dispi(vga::dispi::enable, 0);
    vga.write_dispi(vga::dispi::columns, mode.columns);
    vga.write_dispi(vga::dispi::rows, mode.rows);
    vga.write_dispi(vga::dispi::bits, 32);
    vga.write_dispi(vga::dispi::enable, vga::dispi::enabled);
}

} // namespace orrery::pc
