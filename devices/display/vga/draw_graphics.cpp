// The graphics modes of the VGA itself: sixteen colours from four planes, the interleaved pixels of the CGA's modes,
// and 256 colours, chained or not (IBM, "All points addressable modes").
#include "devices/display/vga/scan.hpp"
#include "devices/display/vga/screen.hpp"

#include <algorithm>
#include <vector>

namespace orrery::vga {
namespace {

bool has_256_colors(const Registers& registers) {
    return (registers.graphics[graphics::mode] & graphics::shift_256) != 0;
}

u32 pixels_of_character(const Registers& registers) { return has_256_colors(registers) ? 4 : 8; }

// Whether each dot is twice as wide as the monitor's.
bool wide_dots(const Registers& registers) {
    return has_256_colors(registers) ||
           (registers.sequencer[sequencer::clocking_mode] & sequencer::half_dot_clock) != 0;
}

// How many lines of the monitor show the same. Rows whose lines come from different addresses don't repeat.
u32 repetition(const Registers& registers) {
    const u8 maximum = registers.crtc[crtc::maximum_scan_line];
    const u8 mode = registers.crtc[crtc::mode_control];
    constexpr u8 same_address = crtc::row_scan_0_not_a13 | crtc::row_scan_1_not_a14;
    const u32 doubled = maximum & crtc::double_scan ? 2 : 1;
    return (mode & same_address) == same_address ? doubled * ((maximum & 31U) + 1) : doubled;
}

// Lines of the monitor to one of the image: those with dots of twice the width lose their repetition.
u32 lines_to_one(const Registers& registers) { return wide_dots(registers) ? repetition(registers) : 1; }

// Eight or four pixels from the four bytes that one character clock fetches.
void pixels_of(const Registers& registers, const u8* planes, u8* out) {
    if (has_256_colors(registers)) {
        std::copy_n(planes, 4, out);
    } else if (registers.graphics[graphics::mode] & graphics::interleaved_shift) {
        for (u32 i = 0; i < 8; ++i) {
            const u32 shift = 6 - i % 4 * 2;
            out[i] = static_cast<u8>((planes[i / 4] >> shift & 3) | (planes[i / 4 + 2] >> shift & 3) << 2);
        }
    } else {
        for (u32 i = 0; i < 8; ++i) {
            const u32 shift = 7 - i;
            out[i] = 0;
            for (u32 plane = 0; plane < 4; ++plane)
                out[i] = static_cast<u8>(out[i] | (planes[plane] >> shift & 1) << plane);
        }
    }
}

// A pixel's colour: through the attribute controller, but for 256 colours.
Colors pixel_colors(const Screen& screen) {
    Colors colors = dac_colors(screen);
    if (has_256_colors(screen.registers)) return colors;
    Colors attribute_colors{};
    for (u8 i = 0; i < 16; ++i) attribute_colors[i] = colors[attribute_color(screen.registers, i)];
    return attribute_colors;
}

} // namespace

Size graphics_size(const Registers& registers) {
    const u32 lines = lines_to_one(registers);
    return {shown_characters(registers) * pixels_of_character(registers), (shown_lines(registers) + lines - 1) / lines};
}

void draw_graphics(const Screen& screen, std::span<const u8> memory, Image& image) {
    const Registers& registers = screen.registers;
    const Colors colors = pixel_colors(screen);
    const u32 pixels = pixels_of_character(registers);
    const u32 characters = shown_characters(registers) + 1; // one more, which panning brings into view
    std::vector<u8> line(std::size_t{characters} * pixels);
    for (u32 y = 0; y < image.height; ++y) {
        const ScanLine scan = scan_line(registers, y * lines_to_one(registers));
        for (u32 column = 0; column < characters; ++column) {
            const u32 counter = scan.counter + (column >> count_shift(registers));
            const u64 at = u64{plane_address(registers, counter, scan.row_scan)} * 4;
            pixels_of(registers, &memory[at], &line[std::size_t{column} * pixels]);
        }
        const u32 first = has_256_colors(registers) ? scan.panning >> 1 & 3 : scan.panning & 7;
        for (u32 x = 0; x < image.width; ++x) image.row(y)[x] = colors[line[first + x]];
    }
}

} // namespace orrery::vga
