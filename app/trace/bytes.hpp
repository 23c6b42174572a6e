// Numbers in a trace file: least significant byte first.
#pragma once

#include <span>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::app::trace {

template <typename T> void put_number(std::span<u8> bytes, std::size_t offset, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes[offset + i] = static_cast<u8>(value >> (8 * i));
}

template <typename T> T get_number(std::span<const u8> bytes, std::size_t offset) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<T>(T{bytes[offset + i]} << (8 * i));
    return value;
}

// CRC-32 as in zlib, of both parts one after the other.
u32 checksum(std::span<const u8> first, std::span<const u8> second);

} // namespace orrery::app::trace
