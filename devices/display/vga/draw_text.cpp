// Text modes (IBM, "Alphanumeric modes"): plane 0 has the characters, plane 1 their attributes, plane 2 the fonts.
#include "devices/display/vga/scan.hpp"
#include "devices/display/vga/screen.hpp"

#include <algorithm>
#include <vector>

namespace orrery::vga {
namespace {

constexpr u32 glyph_bytes = 32;

u32 cell_width(const Registers& registers) {
    return registers.sequencer[sequencer::clocking_mode] & sequencer::eight_dots ? 8 : 9;
}

// The font of characters whose attribute has bit 3 set (`a`) or not (IBM, "Character map select register").
u32 font_base(const Registers& registers, bool a) {
    static constexpr u32 bases[] = {0x0000, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000};
    const u32 select = registers.sequencer[sequencer::character_map];
    return a ? bases[(select >> 2 & 3) | (select >> 3 & 4)] : bases[(select & 3) | (select >> 2 & 4)];
}

// Where the cursor is, if it shows in this line.
struct Cursor {
    bool shown;
    u32 counter;
};

Cursor cursor_of(const Screen& screen, u32 row_scan) {
    const auto& crtc = screen.registers.crtc;
    const u32 start = crtc[crtc::cursor_start] & 31U, end = crtc[crtc::cursor_end] & 31U;
    const u32 skew = crtc[crtc::cursor_end] >> 5 & 3U;
    const bool shown = (crtc[crtc::cursor_start] & crtc::cursor_off) == 0 && cursor_blink_on(screen.frame) &&
                       row_scan >= start && row_scan <= end;
    return {shown, static_cast<u32>(crtc[crtc::cursor_high] << 8 | crtc[crtc::cursor_low]) + skew};
}

// What doesn't change from one line to the next.
struct Style {
    u32 width; // of a cell
    std::array<u32, 2> fonts;
    std::array<u32, 16> colors;
    bool attribute_blinks;
    bool blinked_off;
    bool line_graphics;
    u32 underline_row; // none: more than a row has
};

Style style_of(const Screen& screen) {
    const Registers& registers = screen.registers;
    const u8 mode = registers.attribute[attribute::mode_control];
    const Colors colors = dac_colors(screen);
    Style style{.width = cell_width(registers),
                .fonts = {font_base(registers, false), font_base(registers, true)},
                .colors = {},
                .attribute_blinks = (mode & attribute::blink) != 0,
                .blinked_off = !character_blink_on(screen.frame),
                .line_graphics = (mode & attribute::line_graphics) != 0,
                .underline_row = mode & attribute::monochrome ? registers.crtc[crtc::underline] & 31U : 32};
    for (u8 i = 0; i < 16; ++i) style.colors[i] = colors[attribute_color(registers, i)];
    return style;
}

struct Cell {
    u8 character;
    u8 attribute;
    u8 glyph; // the row of it
};

void draw_cell(const Style& style, Cell cell, u32 row_scan, bool cursor, u32* out) {
    u32 dots = u32{cell.glyph} << 1; // the ninth dot is the background's
    if (style.line_graphics && cell.character >= 0xc0 && cell.character <= 0xdf) dots |= cell.glyph & 1U;
    if (row_scan == style.underline_row && (cell.attribute & 0x77) == 0x01) dots = 0x1ff;
    const bool blinks = style.attribute_blinks && (cell.attribute & 0x80) != 0;
    if (blinks && style.blinked_off) dots = 0;
    if (cursor) dots = 0x1ff;
    const u32 foreground = style.colors[cell.attribute & 15];
    const u32 background = style.colors[cell.attribute >> 4 & (style.attribute_blinks ? 7 : 15)];
    for (u32 i = 0; i < style.width; ++i) out[i] = dots >> (8 - i) & 1 ? foreground : background;
}

// IBM, "Horizontal PEL panning register": with nine dots, 8 is none and 0 is one.
u32 panned_dots(u32 width, u8 panning) {
    if (width == 8) return panning & 7;
    return panning >= 8 ? 0 : panning + 1U;
}

} // namespace

Size text_size(const Registers& registers) {
    return {shown_characters(registers) * cell_width(registers), shown_lines(registers)};
}

void draw_text(const Screen& screen, std::span<const u8> memory, Image& image) {
    const Registers& registers = screen.registers;
    const Style style = style_of(screen);
    const u32 cells = shown_characters(registers) + 1; // one more, which panning brings into view
    std::vector<u32> line(std::size_t{cells} * style.width);
    for (u32 y = 0; y < image.height; ++y) {
        const ScanLine scan = scan_line(registers, y);
        const Cursor cursor = cursor_of(screen, scan.row_scan);
        for (u32 column = 0; column < cells; ++column) {
            const u32 counter = scan.counter + (column >> count_shift(registers));
            const u8* planes = &memory[u64{plane_address(registers, counter, scan.row_scan)} * 4];
            const u32 font = style.fonts[planes[1] >> 3 & 1];
            const u32 glyph_at = (font + planes[0] * glyph_bytes + scan.row_scan) & 0xffff;
            const Cell cell{planes[0], planes[1], memory[u64{glyph_at} * 4 + 2]};
            draw_cell(style, cell, scan.row_scan, cursor.shown && cursor.counter == counter,
                      &line[std::size_t{column} * style.width]);
        }
        const u32 first = panned_dots(style.width, scan.panning);
        std::copy_n(line.begin() + first, image.width, image.row(y));
    }
}

} // namespace orrery::vga
