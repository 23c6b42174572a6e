// A PCI function: its configuration space, base address registers (BARs), capabilities and INTx interrupt. The bus it
// sits on (host.hpp) maps its BARs and carries its interrupt. Runs under the machine lock.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "devices/pci/config_space.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class PciDevice;

// What a device asks of its bus.
class PciBus {
public:
    virtual ~PciBus() = default;
    // A BAR or the command register changed: windows may have to move.
    virtual void decoding_changed() = 0;
    virtual void interrupt_changed() = 0;
    // The host bridge moved the window of memory-mapped configuration; no bytes: it closed it.
    virtual void place_ecam(GuestPhysical /*base*/, u64 /*size_bytes*/) {}
};

struct PciIdentity {
    u16 vendor_id = 0xffff;
    u16 device_id = 0xffff;
    u8 revision = 0;
    u32 class_code = 0; // base class, sub-class, programming interface: 24 bits
    u16 subsystem_vendor_id = 0;
    u16 subsystem_id = 0;
};

enum class PciBarKind : u8 { io, memory32, memory64 };

// A BAR as the guest has set it, decoded or not. Memory if `ram` is set, else registers.
struct PciBarWindow {
    PciBarKind kind = PciBarKind::memory32;
    u64 address = 0;
    u64 size_bytes = 0;
    IoHandler* handler = nullptr;
    std::string name;
    Ram* ram = nullptr;
    bool read_only = false;
};

class PciDevice : public Component {
public:
    PciDevice(std::string name, const PciIdentity& identity);

    void connect(PciBus& bus) { bus_ = &bus; }

    // Naturally aligned accesses to the 256 bytes.
    virtual u32 read_config(u32 offset, Width width);
    virtual void write_config(u32 offset, u32 value, Width width);

    // The windows that the device decodes now: the BARs that the command register enables, and whatever else a device
    // puts in place by registers of its own.
    [[nodiscard]] virtual std::vector<PciBarWindow> enabled_windows() const;
    // Says in the header that the slot holds more functions than this one. Before the machine runs.
    void mark_multifunction() {
        config_.define<u8>(pci::header_type, pci::header_multifunction);
        config_.reset();
    }
    // 1 for INTA … 4 for INTD, 0 for none.
    [[nodiscard]] u8 interrupt_pin() const { return config_.get<u8>(pci::interrupt_pin); }
    [[nodiscard]] bool interrupt_asserted() const;

    [[nodiscard]] std::string_view type() const override { return "pci-device"; }
    void reset() override;
    void state(StateVisitor& visitor) override;

protected:
    // For constructors. `size_bytes` is a power of two, at least 16 (io: 4). A memory64 BAR takes two indexes.
    void add_bar(u32 index, PciBarKind kind, u64 size_bytes, IoHandler& handler, bool prefetchable = false);
    // The same for memory that CPUs reach directly: all of `ram`, whose size is a power of two. Prefetchable.
    void add_memory_bar(u32 index, PciBarKind kind, Ram& ram);
    // The expansion ROM (PCI 3.0, 6.2.5.2), all of `rom`, whose size is a power of two.
    void add_rom(Ram& rom);
    // Appends a capability (PCI 3.0, 6.7) whose bytes after the two of its header are `body`; returns its offset.
    u8 add_capability(u8 id, std::span<const u8> body, std::span<const u8> writable = {});
    void use_interrupt_pin(u8 pin) {
        config_.define<u8>(pci::interrupt_pin, pin);
        config_.reset();
    }

    // Drives INTx.
    void set_interrupt_pending(bool pending);
    // Null before the device is on a bus.
    [[nodiscard]] PciBus* bus() const { return bus_; }
    pci::ConfigSpace& config_space() { return config_; }
    [[nodiscard]] const pci::ConfigSpace& config_space() const { return config_; }

private:
    struct Bar {
        PciBarKind kind = PciBarKind::memory32;
        u64 size_bytes = 0;
        IoHandler* handler = nullptr;
        Ram* ram = nullptr;
        [[nodiscard]] bool exists() const { return handler || ram; }
    };
    void define_bar(u32 index, const Bar& bar, bool prefetchable);
    void allow_command(u16 bits);
    [[nodiscard]] u64 bar_address(u32 index) const;
    [[nodiscard]] bool rom_enabled() const;

    pci::ConfigSpace config_;
    std::array<Bar, 6> bars_;
    Ram* rom_ = nullptr;
    u8 capability_link_ = pci::capabilities_pointer; // where the offset of the next capability goes
    u8 next_capability_ = pci::first_capability;
    PciBus* bus_ = nullptr;
};

} // namespace orrery
