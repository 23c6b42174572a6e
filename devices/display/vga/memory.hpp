// How a CPU's byte access to the window at A0000h reaches the four planes: the sequencer's and the graphics
// controller's data paths (IBM, "Sequencer registers", "Graphics controller registers"). Video memory holds the planes'
// bytes at an address side by side: byte 4n + p is plane p's byte n.
#pragma once

#include <optional>
#include <span>

#include "devices/display/vga/registers.hpp"

namespace orrery::vga {

// The address within the mapped part of the window, by the memory map of the graphics controller; empty: not mapped.
std::optional<u32> decode_window(const Registers& registers, u64 window_offset);

// `address` is decode_window()'s; `base` is added to the planes' address (banks). Beyond `memory` nothing is there.
u8 read_planes(Registers& registers, std::span<const u8> memory, u32 address, u32 base = 0);
// The index of the four bytes that changed, if any did.
std::optional<u64> write_planes(const Registers& registers, std::span<u8> memory, u32 address, u8 value, u32 base = 0);

} // namespace orrery::vga
