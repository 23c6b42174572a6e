#include "devices/pci/config_ports.hpp"

namespace orrery {
namespace {

constexpr u64 address_port = 0;
constexpr u64 reset_control_port = 1;
constexpr u64 data_port = 4;
constexpr u32 enable = 0x8000'0000;
constexpr u32 address_bits = 0x80ff'fffc;

} // namespace

bool PciConfigPorts::enabled() const { return (s_.address & enable) != 0; }

PciConfigPorts::Target PciConfigPorts::target(u64 offset) const {
    return {.bus = s_.address >> 16 & 0xff,
            .slot = s_.address >> 11 & 31,
            .function = s_.address >> 8 & 7,
            .offset = (s_.address & 0xfc) | static_cast<u32>(offset & 3)};
}

// Only a whole double word is the address register's; narrower accesses are someone else's or no one's.
u64 PciConfigPorts::read(u64 offset, Width width) {
    if (offset >= data_port) {
        if (!enabled()) return mask(width);
        const Target at = target(offset);
        return host_.read_config(at.bus, at.slot, at.function, at.offset, width);
    }
    if (offset == address_port && width == Width::word) return s_.address;
    if (offset == reset_control_port && width == Width::byte) return reset_control_.read(0, width);
    return mask(width);
}

void PciConfigPorts::write(u64 offset, u64 value, Width width) {
    if (offset >= data_port) {
        if (!enabled()) return;
        const Target at = target(offset);
        host_.write_config(at.bus, at.slot, at.function, at.offset, static_cast<u32>(value), width);
    } else if (offset == address_port && width == Width::word) {
        s_.address = static_cast<u32>(value) & address_bits;
    } else if (offset == reset_control_port && width == Width::byte) {
        reset_control_.write(0, value, width);
    }
}

} // namespace orrery
