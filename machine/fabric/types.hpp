// The integer names and address types that every part of the project uses.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace orrery {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u128 = unsigned __int128;
using i128 = __int128;

// An address on the guest's physical bus. A type of its own, so that it can't be mixed up with a virtual or a host address.
struct GuestPhysical {
    u64 value = 0;
    constexpr auto operator<=>(const GuestPhysical&) const = default;
    constexpr GuestPhysical operator+(u64 offset) const { return {value + offset}; }
    constexpr u64 operator-(GuestPhysical other) const { return value - other.value; }
};

// An address as a guest instruction computes it, before translation.
struct GuestVirtual {
    u64 value = 0;
    constexpr auto operator<=>(const GuestVirtual&) const = default;
    constexpr GuestVirtual operator+(u64 offset) const { return {value + offset}; }
};

// The size of one bus access, in bytes.
enum class Width : u8 { byte = 1, half = 2, word = 4, dword = 8 };

constexpr u64 bytes(Width width) { return static_cast<u64>(width); }

// All ones in the low `bytes(width) * 8` bits.
constexpr u64 mask(Width width) {
    return width == Width::dword ? ~u64{0} : (u64{1} << (bytes(width) * 8)) - 1;
}

inline constexpr u64 KiB = 1024;
inline constexpr u64 MiB = 1024 * KiB;
inline constexpr u64 GiB = 1024 * MiB;

} // namespace orrery
