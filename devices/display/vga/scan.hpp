// What the CRT controller does for one line of the picture: which row of characters or pixels it is on, and where in
// the planes that row is (IBM, "CRT controller registers"). Shared by the functions that draw.
#pragma once

#include "devices/display/vga/registers.hpp"

namespace orrery::vga {

struct ScanLine {
    u32 counter = 0;  // of the line's first character
    u32 row_scan = 0; // line within the row
    u8 panning = 0;   // horizontal_panning, or 0 below a split that stops it
};

// `line` counts those of the monitor, from 0 at the top.
ScanLine scan_line(const Registers& registers, u32 line);

// The planes' address that a counter value selects.
u32 plane_address(const Registers& registers, u32 counter, u32 row_scan);

// How the address counter runs along a line.
u32 count_shift(const Registers& registers);

u32 shown_characters(const Registers& registers);
u32 shown_lines(const Registers& registers);

// The index in the DAC of a pixel of four bits.
u8 attribute_color(const Registers& registers, u8 pixel);

} // namespace orrery::vga
