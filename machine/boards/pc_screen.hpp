// What a PC's video BIOS does to the VGA before it starts anything, for kernels that are started without firmware: text
// mode 3, or a frame buffer. Machine lock held.
#pragma once

#include "devices/display/vga/vga.hpp"

namespace orrery::pc {

// Columns and rows in pixels, of 32 bits.
struct FrameBufferMode {
    u16 columns;
    u16 rows;
};
inline constexpr FrameBufferMode boot_screen{1024, 768};

// 80 x 25 characters of 9 x 16 dots, a blank screen. The letters are those of our own BIOS, 20h to 7Fh only.
void show_text(Vga& vga);
// All black; the lines follow each other without gaps.
void show_frame_buffer(Vga& vga, FrameBufferMode mode);

} // namespace orrery::pc
