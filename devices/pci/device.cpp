#include "devices/pci/device.hpp"

#include <bit>

#include "machine/fabric/result.hpp"

namespace orrery {
namespace {

// PCI 3.0, 6.2.5.1
constexpr u32 bar_is_io = 1;
constexpr u32 bar_is_64_bits = 4;
constexpr u32 bar_is_prefetchable = 8;

constexpr u32 bar_register(u32 index) { return pci::first_bar + index * 4; }

} // namespace

PciDevice::PciDevice(std::string name, const PciIdentity& identity) : Component(std::move(name)) {
    config_.define<u16>(pci::vendor_id, identity.vendor_id);
    config_.define<u16>(pci::device_id, identity.device_id);
    config_.define<u16>(pci::command, 0, pci::command_bus_master | pci::command_interrupt_disable);
    config_.define<u8>(pci::revision, identity.revision);
    for (u32 i = 0; i < 3; ++i)
        config_.define<u8>(pci::class_code + i, static_cast<u8>(identity.class_code >> (i * 8)));
    config_.define<u8>(pci::cache_line_size, 0, 0xff);
    config_.define<u16>(pci::subsystem_vendor_id, identity.subsystem_vendor_id);
    config_.define<u16>(pci::subsystem_id, identity.subsystem_id);
    config_.define<u8>(pci::interrupt_line, 0, 0xff);
    config_.reset();
}

void PciDevice::add_bar(u32 index, PciBarKind kind, u64 size_bytes, IoHandler& handler, bool prefetchable) {
    define_bar(index, {.kind = kind, .size_bytes = size_bytes, .handler = &handler}, prefetchable);
}

void PciDevice::add_memory_bar(u32 index, PciBarKind kind, Ram& ram) {
    ORRERY_ASSERT(kind != PciBarKind::io, "memory is not behind ports");
    define_bar(index, {.kind = kind, .size_bytes = ram.size_bytes(), .ram = &ram}, true);
}

void PciDevice::define_bar(u32 index, const Bar& bar, bool prefetchable) {
    const bool wide = bar.kind == PciBarKind::memory64;
    ORRERY_ASSERT(std::has_single_bit(bar.size_bytes) && index + wide < bars_.size(), "a BAR that can be decoded");
    bars_[index] = bar;
    const bool io = bar.kind == PciBarKind::io;
    const u32 type = io ? bar_is_io : (wide ? bar_is_64_bits : 0) | (prefetchable ? bar_is_prefetchable : 0);
    const u64 writable = ~(bar.size_bytes - 1);
    config_.define<u32>(bar_register(index), type, static_cast<u32>(writable));
    if (wide) config_.define<u32>(bar_register(index + 1), 0, static_cast<u32>(writable >> 32));
    allow_command(io ? pci::command_io : pci::command_memory);
}

void PciDevice::add_rom(Ram& rom) {
    ORRERY_ASSERT(std::has_single_bit(rom.size_bytes()), "a ROM that can be decoded");
    rom_ = &rom;
    config_.define<u32>(pci::rom_address, 0, static_cast<u32>(~(rom.size_bytes() - 1)) | pci::rom_enable);
    allow_command(pci::command_memory);
}

void PciDevice::allow_command(u16 bits) {
    config_.define<u16>(pci::command, 0, static_cast<u16>(config_.writable<u16>(pci::command) | bits));
    config_.reset();
}

u8 PciDevice::add_capability(u8 id, std::span<const u8> body, std::span<const u8> writable) {
    const u8 at = next_capability_;
    const std::size_t size = 2 + body.size();
    ORRERY_ASSERT(at + size <= pci::config_bytes, "room for a capability");
    config_.define<u8>(at, id);
    for (std::size_t i = 0; i < body.size(); ++i)
        config_.define<u8>(static_cast<u32>(at + 2 + i), body[i], i < writable.size() ? writable[i] : u8{0});
    config_.define<u8>(capability_link_, at);
    config_.define<u16>(pci::status, pci::status_capabilities);
    config_.reset();
    capability_link_ = static_cast<u8>(at + 1);
    next_capability_ = static_cast<u8>((at + size + 3) & ~std::size_t{3});
    return at;
}

u32 PciDevice::read_config(u32 offset, Width width) { return config_.read(offset, width); }

void PciDevice::write_config(u32 offset, u32 value, Width width) {
    config_.write(offset, value, width);
    if (!bus_) return;
    const bool command = offset < pci::status && offset + bytes(width) > pci::command;
    const bool bar = offset >= pci::first_bar && offset < bar_register(6);
    const bool rom = offset >= pci::rom_address && offset < pci::rom_address + 4;
    if (command || bar || rom) bus_->decoding_changed();
    if (command) bus_->interrupt_changed();
}

u64 PciDevice::bar_address(u32 index) const {
    const u64 low = config_.get<u32>(bar_register(index)) & ~(bars_[index].size_bytes - 1) & 0xffffffff;
    if (bars_[index].kind != PciBarKind::memory64) return low;
    return u64{config_.get<u32>(bar_register(index + 1))} << 32 | low;
}

std::vector<PciBarWindow> PciDevice::enabled_windows() const {
    std::vector<PciBarWindow> windows;
    const u16 command = config_.get<u16>(pci::command);
    for (u32 i = 0; i < bars_.size(); ++i) {
        const Bar& bar = bars_[i];
        const u16 decodes = bar.kind == PciBarKind::io ? pci::command_io : pci::command_memory;
        if (bar.exists() && (command & decodes))
            windows.push_back(
                {bar.kind, bar_address(i), bar.size_bytes, bar.handler, fmt::format("{}.bar{}", name(), i), bar.ram});
    }
    if (rom_enabled())
        windows.push_back({.address = config_.get<u32>(pci::rom_address) & ~pci::rom_enable,
                           .size_bytes = rom_->size_bytes(),
                           .name = name() + ".rom",
                           .ram = rom_,
                           .read_only = true});
    return windows;
}

bool PciDevice::rom_enabled() const {
    return rom_ && (config_.get<u16>(pci::command) & pci::command_memory) != 0 &&
           (config_.get<u32>(pci::rom_address) & pci::rom_enable) != 0;
}

bool PciDevice::interrupt_asserted() const {
    return (config_.get<u16>(pci::status) & pci::status_interrupt) != 0 &&
           (config_.get<u16>(pci::command) & pci::command_interrupt_disable) == 0;
}

void PciDevice::set_interrupt_pending(bool pending) {
    const u16 before = config_.get<u16>(pci::status);
    const u16 after = static_cast<u16>(pending ? before | pci::status_interrupt : before & ~pci::status_interrupt);
    if (before == after) return;
    config_.set<u16>(pci::status, after);
    if (bus_) bus_->interrupt_changed();
}

void PciDevice::reset() {
    config_.reset();
    if (!bus_) return;
    bus_->decoding_changed();
    bus_->interrupt_changed();
}

void PciDevice::state(StateVisitor& visitor) { visit(visitor, "config", config_.state()); }

} // namespace orrery
