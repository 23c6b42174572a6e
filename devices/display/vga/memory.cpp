#include "devices/display/vga/memory.hpp"

#include <bit>
#include <cstring>

namespace orrery::vga {
namespace {

struct PlaneAccess {
    u32 offset;    // in each plane
    u8 planes;     // that a write may reach
    u8 read_plane; // of read mode 0
};

// Four bits as four bytes of ones or zeros.
constexpr u32 spread(u32 bits) { return ((bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21) * 0xff; }
constexpr u32 repeat(u8 value) { return value * 0x0101'0101U; }

// IBM, "Memory mode register", "Graphics mode register", "Miscellaneous register".
PlaneAccess plane_access(const Registers& registers, u32 address) {
    const u8 map_mask = registers.sequencer[sequencer::map_mask] & 15;
    const u8 memory_mode = registers.sequencer[sequencer::memory_mode];
    const u8 read_map = registers.graphics[graphics::read_map_select] & 3;
    // The two low bits choose the plane, and the two uppermost take their place.
    if (memory_mode & sequencer::chain_4)
        return {.offset = (address & 0xfffc) | (address >> 14 & 3),
                .planes = static_cast<u8>(map_mask & 1 << (address & 3)),
                .read_plane = static_cast<u8>(address & 3)};
    PlaneAccess access{.offset = address & 0xffff, .planes = map_mask, .read_plane = read_map};
    if ((memory_mode & sequencer::odd_even_off) == 0) access.planes &= address & 1 ? 0b1010 : 0b0101;
    if (registers.graphics[graphics::mode] & graphics::odd_even)
        access.read_plane = static_cast<u8>((read_map & 2) | (address & 1));
    if (registers.graphics[graphics::miscellaneous] & graphics::chain_odd_even)
        access.offset = (address & 0xfffe) | (address >> 16 & 1);
    return access;
}

std::optional<u64> place(std::span<const u8> memory, u32 offset, u32 base) {
    const u64 at = (u64{base} + offset) * 4;
    if (at + 4 > memory.size()) return std::nullopt;
    return at;
}

u32 load(std::span<const u8> memory, u64 at) {
    u32 value;
    std::memcpy(&value, memory.data() + at, sizeof value);
    return value;
}

// Read mode 1: a bit is set where the colour compared equals the latches', in the planes that are looked at.
u8 compare_colors(const Registers& registers) {
    const u32 differs = registers.latch ^ spread(registers.graphics[graphics::color_compare]);
    const u32 seen = differs & spread(registers.graphics[graphics::color_dont_care]);
    return static_cast<u8>(~(seen | seen >> 8 | seen >> 16 | seen >> 24));
}

u32 combine(const Registers& registers, u32 value) {
    switch (registers.graphics[graphics::data_rotate] >> 3 & 3) {
    case 1:
        return value & registers.latch;
    case 2:
        return value | registers.latch;
    case 3:
        return value ^ registers.latch;
    default:
        return value;
    }
}

// What the graphics controller makes of a byte (IBM, "Graphics mode register", write modes).
u32 written(const Registers& registers, u8 value) {
    const u8 mode = registers.graphics[graphics::mode] & 3;
    if (mode == 1) return registers.latch;
    const u32 set_reset = spread(registers.graphics[graphics::set_reset]);
    const u8 rotated = std::rotr(value, registers.graphics[graphics::data_rotate] & 7);
    u8 bit_mask = registers.graphics[graphics::bit_mask];
    u32 data = 0;
    if (mode == 0) {
        const u32 enabled = spread(registers.graphics[graphics::enable_set_reset]);
        data = (repeat(rotated) & ~enabled) | (set_reset & enabled);
    } else if (mode == 2) {
        data = spread(value);
    } else {
        data = set_reset;
        bit_mask &= rotated;
    }
    const u32 mask = repeat(bit_mask);
    return (combine(registers, data) & mask) | (registers.latch & ~mask);
}

} // namespace

std::optional<u32> decode_window(const Registers& registers, u64 window_offset) {
    if ((registers.misc_output & misc::memory_enable) == 0) return std::nullopt;
    struct Map {
        u32 base, size;
    };
    static constexpr Map maps[] = {{0, 0x2'0000}, {0, 0x1'0000}, {0x1'0000, 0x8000}, {0x1'8000, 0x8000}};
    const Map& map = maps[registers.graphics[graphics::miscellaneous] >> 2 & 3];
    const u64 address = window_offset - map.base;
    if (address >= map.size) return std::nullopt;
    return static_cast<u32>(address);
}

u8 read_planes(Registers& registers, std::span<const u8> memory, u32 address, u32 base) {
    const PlaneAccess access = plane_access(registers, address);
    const auto at = place(memory, access.offset, base);
    if (!at) return 0xff;
    registers.latch = load(memory, *at);
    if (registers.graphics[graphics::mode] & graphics::read_mode_1) return compare_colors(registers);
    return static_cast<u8>(registers.latch >> access.read_plane * 8);
}

std::optional<u64> write_planes(const Registers& registers, std::span<u8> memory, u32 address, u8 value, u32 base) {
    const PlaneAccess access = plane_access(registers, address);
    const auto at = place(memory, access.offset, base);
    if (!at || access.planes == 0) return std::nullopt;
    const u32 reached = spread(access.planes);
    const u32 result = (written(registers, value) & reached) | (load(memory, *at) & ~reached);
    // Whole, for the thread that may be drawing it.
    __atomic_store_n(reinterpret_cast<u32*>(memory.data() + *at), result, __ATOMIC_RELAXED);
    return at;
}

} // namespace orrery::vga
