// The modes of the dispi registers: packed pixels of 8 to 32 bits, or four planes. Memory is read while vCPUs write it.
#include "devices/display/vga/live_memory.hpp"
#include "devices/display/vga/scan.hpp"
#include "devices/display/vga/screen.hpp"

#include <vector>

namespace orrery::vga {
namespace {

constexpr u32 widen(u32 value, u32 bits) { return value << (8 - bits) | value >> (2 * bits - 8); }

constexpr u32 from_15_bits(u32 value) {
    return widen(value >> 10 & 31, 5) << 16 | widen(value >> 5 & 31, 5) << 8 | widen(value & 31, 5);
}
constexpr u32 from_16_bits(u32 value) {
    return widen(value >> 11 & 31, 5) << 16 | widen(value >> 5 & 63, 6) << 8 | widen(value & 31, 5);
}

// One row of packed pixels.
void convert(std::span<const u8> row, u32 bits, const Colors& colors, u32* out, u32 width) {
    const u8* in = row.data();
    switch (bits) {
    case 8:
        for (u32 x = 0; x < width; ++x) out[x] = colors[in[x]];
        break;
    case 15:
        for (u32 x = 0; x < width; ++x, in += 2) out[x] = from_15_bits(in[0] | static_cast<u32>(in[1]) << 8);
        break;
    case 16:
        for (u32 x = 0; x < width; ++x, in += 2) out[x] = from_16_bits(in[0] | static_cast<u32>(in[1]) << 8);
        break;
    default: // 24 and 32
        for (u32 x = 0; x < width; ++x, in += bits / 8)
            out[x] = in[0] | static_cast<u32>(in[1]) << 8 | static_cast<u32>(in[2]) << 16;
        break;
    }
}

void draw_packed(const Screen& screen, std::span<const u8> memory, Image& image) {
    const DispiRegisters& dispi = screen.dispi;
    const u32 pixel_bytes = (dispi.bits + 7U) / 8;
    const Colors colors = dac_colors(screen);
    std::vector<u8> row(u64{image.width} * pixel_bytes);
    for (u32 y = 0; y < image.height; ++y) {
        const u64 at = (u64{y} + dispi.y_offset) * dispi.pitch_bytes() + u64{dispi.x_offset} * pixel_bytes;
        if (at + row.size() > memory.size()) return; // beyond memory it stays black
        copy_live(memory, at, row);
        convert(row, dispi.bits, colors, image.row(y), image.width);
    }
}

void draw_planes(const Screen& screen, std::span<const u8> memory, Image& image) {
    const DispiRegisters& dispi = screen.dispi;
    const Colors dac = dac_colors(screen);
    std::array<u32, 16> colors;
    for (u8 i = 0; i < 16; ++i) colors[i] = dac[attribute_color(screen.registers, i)];
    std::vector<u8> row((u64{image.width} + 15) / 8 * 4);
    for (u32 y = 0; y < image.height; ++y) {
        const u64 at = ((u64{y} + dispi.y_offset) * dispi.pitch_bytes() + dispi.x_offset / 8) * 4;
        if (at + row.size() > memory.size()) return;
        copy_live(memory, at, row);
        for (u32 x = 0; x < image.width; ++x) {
            const u32 dot = x + dispi.x_offset % 8, shift = 7 - dot % 8;
            const u8* planes = &row[u64{dot / 8} * 4];
            u32 pixel = 0;
            for (u32 plane = 0; plane < 4; ++plane) pixel |= (planes[plane] >> shift & 1U) << plane;
            image.row(y)[x] = colors[pixel];
        }
    }
}

} // namespace

void draw_linear(const Screen& screen, std::span<const u8> memory, Image& image) {
    if (screen.dispi.planar())
        draw_planes(screen, memory, image);
    else
        draw_packed(screen, memory, image);
}

} // namespace orrery::vga
