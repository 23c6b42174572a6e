#include "devices/display/vga/screen.hpp"

namespace orrery::vga {
namespace {

// Of a screen that no one has set up.
constexpr Size unprogrammed{720, 400};
constexpr u32 least_width = 64;

bool graphics_mode(const Registers& registers) {
    return (registers.graphics[graphics::miscellaneous] & graphics::graphics_mode) != 0;
}

Size legacy_size(const Registers& registers) {
    return graphics_mode(registers) ? graphics_size(registers) : text_size(registers);
}

Size size_of(const Screen& screen) {
    if (screen.dispi.active()) return {screen.dispi.columns, screen.dispi.rows};
    const Size size = legacy_size(screen.registers);
    return size.width < least_width ? unprogrammed : size;
}

} // namespace

// Registers that no one has set up, too, show nothing.
bool Screen::blank() const {
    const bool palette_on = (registers.attribute_index & attribute::palette_on) != 0;
    const bool screen_off = (registers.sequencer[sequencer::clocking_mode] & sequencer::screen_off) != 0;
    if (!palette_on || screen_off) return true;
    return !dispi.active() && legacy_size(registers).width < least_width;
}

void draw(const Screen& screen, std::span<const u8> memory, Image& image) {
    const Size size = size_of(screen);
    image.resize(size.width, size.height);
    if (screen.blank()) return;
    if (screen.dispi.active())
        draw_linear(screen, memory, image);
    else if (graphics_mode(screen.registers))
        draw_graphics(screen, memory, image);
    else
        draw_text(screen, memory, image);
}

Colors dac_colors(const Screen& screen) {
    const Registers& registers = screen.registers;
    const auto component = [&](u32 at) {
        const u32 value = registers.palette[at];
        return screen.dispi.eight_bit_dac() ? value : (value & 0x3f) << 2 | (value >> 4 & 3);
    };
    Colors colors;
    for (u32 i = 0; i < colors.size(); ++i) {
        const u32 at = (i & registers.pel_mask) * 3;
        colors[i] = component(at) << 16 | component(at + 1) << 8 | component(at + 2);
    }
    return colors;
}

// Characters blink every 32 frames, the cursor twice as fast.
bool character_blink_on(u64 frame) { return (frame & 16) == 0; }
bool cursor_blink_on(u64 frame) { return (frame & 8) == 0; }
u32 blink_phase(u64 frame) { return static_cast<u32>(frame >> 3 & 3); }

} // namespace orrery::vga
