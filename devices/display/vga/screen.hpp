// From registers and video memory to an image: pure functions. A picture has the dots that a program sets: where the
// hardware shows each of them twice in both directions (320 × 200), the image has them once.
#pragma once

#include <span>

#include "devices/display/display.hpp"
#include "devices/display/vga/dispi.hpp"
#include "devices/display/vga/registers.hpp"

namespace orrery::vga {

struct Screen {
    Registers registers;
    DispiRegisters dispi;
    u64 frame = 0; // for what blinks

    [[nodiscard]] bool blank() const;
};

// `memory` is all video memory, or at least the first 256 KiB of it unless dispi.active().
void draw(const Screen& screen, std::span<const u8> memory, Image& image);

// The DAC: each of its 256 colours as a pixel.
using Colors = std::array<u32, 256>;
Colors dac_colors(const Screen& screen);

// What changes by itself as frames go by: pictures of equal phases differ only if registers or memory do.
u32 blink_phase(u64 frame);
bool character_blink_on(u64 frame);
bool cursor_blink_on(u64 frame);

// The three kinds of picture; `image` has its size already.
struct Size {
    u32 width = 0;
    u32 height = 0;
};
Size text_size(const Registers& registers);
void draw_text(const Screen& screen, std::span<const u8> memory, Image& image);
Size graphics_size(const Registers& registers);
void draw_graphics(const Screen& screen, std::span<const u8> memory, Image& image);
void draw_linear(const Screen& screen, std::span<const u8> memory, Image& image);

} // namespace orrery::vga
