#include "devices/display/vga/scan.hpp"

#include "devices/display/vga/timing.hpp"

namespace orrery::vga {
namespace {

u32 line_compare(const Registers& registers) {
    return registers.crtc[crtc::line_compare] | (registers.crtc[crtc::overflow] & 0x10U) << 4 |
           (registers.crtc[crtc::maximum_scan_line] & 0x40U) << 3;
}

} // namespace

u32 shown_characters(const Registers& registers) { return registers.crtc[crtc::horizontal_display_end] + 1U; }

u32 shown_lines(const Registers& registers) { return vertical_count(registers, crtc::vertical_display_end, 1, 6) + 1; }

// Below the line that line_compare names, memory is shown from address 0 again: the lower half of a split screen.
ScanLine scan_line(const Registers& registers, u32 line) {
    const auto& crtc = registers.crtc;
    const u8 mode = registers.attribute[attribute::mode_control];
    const bool below = line > line_compare(registers);
    if (below) line -= line_compare(registers) + 1;
    if (crtc[crtc::maximum_scan_line] & crtc::double_scan) line /= 2;
    ScanLine result;
    if (!below || (mode & attribute::panning_stops_at_split) == 0)
        result.panning = registers.attribute[attribute::horizontal_panning] & 15;
    if (!below) {
        line += crtc[crtc::preset_row_scan] & 31U;
        result.counter = static_cast<u32>(crtc[crtc::start_address_high] << 8 | crtc[crtc::start_address_low]) +
                         (crtc[crtc::preset_row_scan] >> 5 & 3);
    }
    const u32 row_lines = (crtc[crtc::maximum_scan_line] & 31U) + 1;
    result.row_scan = line % row_lines;
    result.counter += line / row_lines * crtc[crtc::offset] * 2;
    return result;
}

// IBM, "CRT mode control register" and "Underline location register": the counter's bits are moved to the left, and the
// ones that fall out above come in again below.
u32 plane_address(const Registers& registers, u32 counter, u32 row_scan) {
    const u8 mode = registers.crtc[crtc::mode_control];
    u32 address = counter;
    if (registers.crtc[crtc::underline] & crtc::double_word)
        address = (counter << 2 & 0xfffc) | (counter >> 12 & 3);
    else if ((mode & crtc::byte_mode) == 0)
        address = counter << 1 | (counter >> (mode & crtc::address_wrap ? 15 : 13) & 1);
    if ((mode & crtc::row_scan_0_not_a13) == 0) address = (address & ~0x2000U) | (row_scan & 1) << 13;
    if ((mode & crtc::row_scan_1_not_a14) == 0) address = (address & ~0x4000U) | (row_scan & 2) << 13;
    return address & 0xffff;
}

u32 count_shift(const Registers& registers) {
    if (registers.crtc[crtc::underline] & crtc::count_by_4) return 2;
    return registers.crtc[crtc::mode_control] & crtc::count_by_2 ? 1 : 0;
}

u8 attribute_color(const Registers& registers, u8 pixel) {
    const u8 shown = pixel & registers.attribute[attribute::color_plane_enable] & 15;
    const u8 select = registers.attribute[attribute::color_select];
    const u8 palette = registers.attribute[shown] & 0x3f;
    if (registers.attribute[attribute::mode_control] & attribute::palette_bits_from_select)
        return static_cast<u8>((palette & 0x0f) | (select & 0x0f) << 4);
    return static_cast<u8>(palette | (select & 0x0c) << 4);
}

} // namespace orrery::vga
