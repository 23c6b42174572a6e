// The 256 bytes of a function's configuration space (PCI 3.0, 6.1): what the guest reads, and which bits it may change.
// Bytes are state; the masks are fixed when the device is built.
#pragma once

#include <array>
#include <cstring>

#include "machine/fabric/types.hpp"

namespace orrery::pci {

// Registers of the type 0 header (PCI 3.0, 6.1 and 6.2).
enum Register : u8 {
    vendor_id = 0x00,
    device_id = 0x02,
    command = 0x04,
    status = 0x06,
    revision = 0x08,
    class_code = 0x09,
    cache_line_size = 0x0c,
    header_type = 0x0e,
    first_bar = 0x10,
    subsystem_vendor_id = 0x2c,
    subsystem_id = 0x2e,
    rom_address = 0x30,
    capabilities_pointer = 0x34,
    interrupt_line = 0x3c,
    interrupt_pin = 0x3d,
};

inline constexpr u16 command_io = 1 << 0;
inline constexpr u16 command_memory = 1 << 1;
inline constexpr u16 command_bus_master = 1 << 2;
inline constexpr u16 command_interrupt_disable = 1 << 10;
inline constexpr u16 status_interrupt = 1 << 3;
inline constexpr u16 status_capabilities = 1 << 4;
inline constexpr u8 header_multifunction = 0x80;
inline constexpr u32 rom_enable = 1;

inline constexpr std::size_t config_bytes = 256;
// Where capabilities begin; before it lies the header.
inline constexpr u8 first_capability = 0x40;

class ConfigSpace {
public:
    using Bytes = std::array<u8, config_bytes>;

    // Fixed content, set when the device is built: `initial` is also what a reset gives.
    template <typename T> void define(u32 offset, T initial, T writable = 0) {
        std::memcpy(initial_.data() + offset, &initial, sizeof(T));
        std::memcpy(writable_.data() + offset, &writable, sizeof(T));
    }
    template <typename T> [[nodiscard]] T writable(u32 offset) const {
        T value;
        std::memcpy(&value, writable_.data() + offset, sizeof(T));
        return value;
    }
    void reset() { bytes_ = initial_; }

    template <typename T> [[nodiscard]] T get(u32 offset) const {
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }
    template <typename T> void set(u32 offset, T value) { std::memcpy(bytes_.data() + offset, &value, sizeof(T)); }

    // The guest's accesses; within the 256 bytes.
    [[nodiscard]] u32 read(u32 offset, Width width) const {
        u32 value = 0;
        std::memcpy(&value, bytes_.data() + offset, bytes(width));
        return value;
    }
    void write(u32 offset, u32 value, Width width) {
        for (u32 i = 0; i < bytes(width); ++i) {
            u8& byte = bytes_[offset + i];
            const u8 may = writable_[offset + i];
            byte = static_cast<u8>((byte & ~may) | ((value >> (i * 8)) & may));
        }
    }

    [[nodiscard]] Bytes& state() { return bytes_; }

private:
    Bytes initial_{};
    Bytes writable_{};
    Bytes bytes_{};
};

} // namespace orrery::pci
