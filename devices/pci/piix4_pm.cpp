#include "devices/pci/piix4_pm.hpp"

namespace orrery {
namespace {

constexpr PciIdentity identity{.vendor_id = 0x8086,
                               .device_id = 0x7113,
                               .revision = 3,
                               .class_code = 0x068000,
                               .subsystem_vendor_id = 0x1af4,
                               .subsystem_id = 0x1100};

// PIIX4 7.1: PMBA and PMREGMISC.
constexpr u32 base_register = 0x40;
constexpr u32 base_writable = 0xffc0;
constexpr u32 base_is_io = 1;
constexpr u32 enable_register = 0x80;
constexpr u8 enable_ports = 1;

// What software sets and nothing here looks at: DEVRESA to DEVRESJ, and the base and control of the SMBus.
struct Plain {
    u8 offset;
    u8 size_bytes;
};
constexpr Plain plain[] = {{0x44, 0x3c}, {0x90, 4}, {0xd2, 1}};

// DEVACTB's last byte, with APMC_EN. Set from the beginning, firmware takes system management mode for set
// up already, and leaves alone what isn't there.
constexpr u32 device_activity = 0x5b;
constexpr u8 smi_taken = 0x02;

} // namespace

Piix4Pm::Piix4Pm(std::string name, IoHandler& hardware) : PciDevice(std::move(name), identity), hardware_(hardware) {
    pci::ConfigSpace& config = config_space();
    config.define<u32>(base_register, base_is_io, base_writable);
    config.define<u8>(enable_register, 0, enable_ports);
    for (const Plain& row : plain)
        for (u32 i = 0; i < row.size_bytes; ++i) config.define<u8>(row.offset + i, 0, 0xff);
    config.define<u8>(device_activity, smi_taken, 0xff);
    use_interrupt_pin(1);
}

void Piix4Pm::write_config(u32 offset, u32 value, Width width) {
    PciDevice::write_config(offset, value, width);
    if (bus()) bus()->decoding_changed();
}

std::vector<PciBarWindow> Piix4Pm::enabled_windows() const {
    auto windows = PciDevice::enabled_windows();
    if ((config_space().get<u8>(enable_register) & enable_ports) != 0)
        windows.push_back({.kind = PciBarKind::io,
                           .address = config_space().get<u32>(base_register) & base_writable,
                           .size_bytes = ports_size_bytes,
                           .handler = &hardware_,
                           .name = name() + ".ports"});
    return windows;
}

} // namespace orrery
