#include "devices/storage/piix3_ide.hpp"

namespace orrery {
namespace {

// A mass storage controller, IDE, bus master, at the old ports for good.
constexpr PciIdentity identity{.vendor_id = 0x8086, .device_id = 0x7010, .class_code = 0x010180};

// PIIX3: IDETIM of each channel, and SIDETIM
constexpr u32 timing_register[] = {0x40, 0x42};
constexpr u32 second_drive_timing = 0x44;
constexpr u16 decode_enable = 0x8000;

constexpr u16 medium_devsel_fast_back_to_back = 0x0280;
constexpr u32 bus_master_bar = 4;
constexpr u64 channel_bytes = IdeChannel::bus_master_ports;

} // namespace

Piix3Ide::Piix3Ide(std::string name, const Wiring& wiring)
    : PciDevice(name, identity),
      channels_{
          IdeChannel(name + ".0", wiring.clock, wiring.memory, wiring.irqs[0], {wiring.drives[0], wiring.drives[1]}),
          IdeChannel(name + ".1", wiring.clock, wiring.memory, wiring.irqs[1], {wiring.drives[2], wiring.drives[3]})} {
    for (const u32 at : timing_register) config_space().define<u16>(at, decode_enable, 0xffff);
    config_space().define<u8>(second_drive_timing, 0, 0xff);
    config_space().define<u16>(pci::status, medium_devsel_fast_back_to_back);
    add_bar(bus_master_bar, PciBarKind::io, channel_count * channel_bytes, bus_masters_);
    update_decoding();
}

void Piix3Ide::write_config(u32 offset, u32 value, Width width) {
    PciDevice::write_config(offset, value, width);
    update_decoding();
}

void Piix3Ide::update_decoding() {
    const bool io = (config_space().get<u16>(pci::command) & pci::command_io) != 0;
    for (u32 i = 0; i < channel_count; ++i)
        channels_[i].set_decoded(io && (config_space().get<u16>(timing_register[i]) & decode_enable) != 0);
}

void Piix3Ide::reset() {
    PciDevice::reset();
    for (IdeChannel& channel : channels_) channel.reset();
    update_decoding();
}

void Piix3Ide::state(StateVisitor& visitor) {
    PciDevice::state(visitor);
    for (u32 i = 0; i < channel_count; ++i) {
        visitor.enter(i == 0 ? "channel0" : "channel1");
        channels_[i].state(visitor);
        visitor.leave();
    }
}

void Piix3Ide::restored() {
    for (IdeChannel& channel : channels_) channel.restored();
    update_decoding();
}

u64 Piix3Ide::BusMasters::read(u64 offset, Width width) {
    u64 value = 0;
    for (u64 i = 0; i < bytes(width); ++i) {
        const u64 at = offset + i;
        value |= u64{function_.channels_[at / channel_bytes].read_bus_master(at % channel_bytes)} << (i * 8);
    }
    return value;
}

void Piix3Ide::BusMasters::write(u64 offset, u64 value, Width width) {
    for (u64 i = 0; i < bytes(width); ++i) {
        const u64 at = offset + i;
        function_.channels_[at / channel_bytes].write_bus_master(at % channel_bytes, static_cast<u8>(value >> (i * 8)));
    }
}

} // namespace orrery
