// The registers of a standard VGA, as plain data: what is drawn and how memory is reached are functions of these. Names
// and indexes as in IBM's "PS/2 Hardware Interface Technical Reference: Video Subsystems" (here "IBM").
#pragma once

#include <array>

#include "machine/fabric/types.hpp"

namespace orrery::vga {

inline constexpr u64 legacy_memory_bytes = 256 * KiB;
inline constexpr u64 window_bytes = 128 * KiB; // from A0000h on

struct Registers {
    u8 misc_output = 0;
    u8 feature_control = 0;
    u8 enable = 1; // 3C3h
    u8 sequencer_index = 0;
    std::array<u8, 5> sequencer{};
    u8 crtc_index = 0;
    std::array<u8, 25> crtc{};
    u8 graphics_index = 0;
    std::array<u8, 9> graphics{};
    u8 attribute_index = 0; // with the palette address source in bit 5
    bool attribute_data_next = false;
    std::array<u8, 21> attribute{};
    u8 pel_mask = 0xff;
    u8 dac_read_index = 0;
    u8 dac_write_index = 0;
    u8 dac_component = 0; // 0 red, 1 green, 2 blue
    bool dac_reading = false;
    std::array<u8, 768> palette{}; // as the guest wrote it: six bits a component, or eight
    u32 latch = 0;                 // a byte for each plane, plane 0 lowest

    static constexpr void fields(auto& s, auto&& f) {
        f("misc_output", s.misc_output);
        f("feature_control", s.feature_control);
        f("enable", s.enable);
        f("sequencer_index", s.sequencer_index);
        f("sequencer", s.sequencer);
        f("crtc_index", s.crtc_index);
        f("crtc", s.crtc);
        f("graphics_index", s.graphics_index);
        f("graphics", s.graphics);
        f("attribute_index", s.attribute_index);
        f("attribute_data_next", s.attribute_data_next);
        f("attribute", s.attribute);
        f("pel_mask", s.pel_mask);
        f("dac_read_index", s.dac_read_index);
        f("dac_write_index", s.dac_write_index);
        f("dac_component", s.dac_component);
        f("dac_reading", s.dac_reading);
        f("palette", s.palette);
        f("latch", s.latch);
    }
};

namespace misc {
inline constexpr u8 color_ports = 0x01; // the CRTC is at 3D4h, not 3B4h
inline constexpr u8 memory_enable = 0x02;
inline constexpr u8 clock_select = 0x0c;
} // namespace misc

namespace sequencer {
enum : u8 { reset, clocking_mode, map_mask, character_map, memory_mode };
inline constexpr u8 eight_dots = 0x01;
inline constexpr u8 half_dot_clock = 0x08;
inline constexpr u8 screen_off = 0x20;
inline constexpr u8 odd_even_off = 0x04;
inline constexpr u8 chain_4 = 0x08;
} // namespace sequencer

namespace crtc {
enum : u8 {
    horizontal_total = 0x00,
    horizontal_display_end = 0x01,
    vertical_total = 0x06,
    overflow = 0x07,
    preset_row_scan = 0x08,
    maximum_scan_line = 0x09,
    cursor_start = 0x0a,
    cursor_end = 0x0b,
    start_address_high = 0x0c,
    start_address_low = 0x0d,
    cursor_high = 0x0e,
    cursor_low = 0x0f,
    vertical_retrace_start = 0x10,
    vertical_retrace_end = 0x11,
    vertical_display_end = 0x12,
    offset = 0x13,
    underline = 0x14,
    mode_control = 0x17,
    line_compare = 0x18,
};
inline constexpr u8 protect = 0x80;            // vertical_retrace_end
inline constexpr u8 double_scan = 0x80;        // maximum_scan_line
inline constexpr u8 cursor_off = 0x20;         // cursor_start
inline constexpr u8 double_word = 0x40;        // underline
inline constexpr u8 count_by_4 = 0x20;         // underline
inline constexpr u8 row_scan_0_not_a13 = 0x01; // mode_control, as the three below
inline constexpr u8 row_scan_1_not_a14 = 0x02;
inline constexpr u8 count_by_2 = 0x08;
inline constexpr u8 address_wrap = 0x20;
inline constexpr u8 byte_mode = 0x40;
} // namespace crtc

namespace graphics {
enum : u8 {
    set_reset,
    enable_set_reset,
    color_compare,
    data_rotate,
    read_map_select,
    mode,
    miscellaneous,
    color_dont_care,
    bit_mask,
};
inline constexpr u8 graphics_mode = 0x01; // miscellaneous
inline constexpr u8 chain_odd_even = 0x02;
inline constexpr u8 read_mode_1 = 0x08; // mode
inline constexpr u8 odd_even = 0x10;
inline constexpr u8 interleaved_shift = 0x20;
inline constexpr u8 shift_256 = 0x40;
} // namespace graphics

namespace attribute {
enum : u8 { mode_control = 0x10, overscan, color_plane_enable, horizontal_panning, color_select };
inline constexpr u8 palette_on = 0x20; // in the index
inline constexpr u8 monochrome = 0x02; // mode_control, as those below
inline constexpr u8 line_graphics = 0x04;
inline constexpr u8 blink = 0x08;
inline constexpr u8 panning_stops_at_split = 0x20;
inline constexpr u8 palette_bits_from_select = 0x80;
} // namespace attribute

} // namespace orrery::vga
