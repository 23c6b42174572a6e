// A PCI host: one bus of 32 slots, the address windows in which BARs appear, the interrupt lines that slots share, and
// configuration accesses as ECAM has them (PCIe 4.0, 7.2.2). The bridge in slot 0 is QEMU's generic one or the board's.
// Machine lock held throughout.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "devices/pci/device.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

struct PciHostLayout {
    struct Range {
        GuestPhysical base;
        u64 size_bytes = 0;
        // What the CPU sees at `base` is this address on the bus.
        u64 bus_address = 0;
    };
    Range ecam; // no bytes: none, until the host bridge places it
    Range io;
    Range memory32;
    Range memory64;
    // Where I/O BARs appear; null: in memory.
    AddressSpace* ports = nullptr;
    // Which of the lines pin INTA…INTD (1…4) of a slot drives.
    u32 (*line_of)(u32 slot, u32 pin) = [](u32 slot, u32 pin) { return (slot + pin - 1) % 4; };
};

class PciHost final : public Component, public PciBus {
public:
    static constexpr u32 slot_count = 32;
    static constexpr u32 function_count = 8;
    static constexpr u32 line_count = 4;
    static constexpr u32 most_lines = 8;

    // Maps the ECAM and the empty windows. `bridge`, if there is one, is a component of its own.
    static Result<std::unique_ptr<PciHost>> create(std::string name, AddressSpace& memory, const PciHostLayout& layout,
                                                   std::span<const IrqLine> lines, PciDevice* bridge = nullptr);
    ~PciHost() override;

    // Slots 1 to 31; function 0 of a slot before its others. The device outlives the host or is never touched again.
    Status add(PciDevice& device, u32 slot, u32 function = 0);

    // An access to a function's 256 bytes, aligned. Ones where no function is.
    u32 read_config(u32 bus, u32 slot, u32 function, u32 offset, Width width);
    void write_config(u32 bus, u32 slot, u32 function, u32 offset, u32 value, Width width);

    // PciBus
    void decoding_changed() override { map_windows(); }
    void interrupt_changed() override;
    void place_ecam(GuestPhysical base, u64 size_bytes) override;
    // Where memory-mapped configuration is now; no bytes: nowhere.
    [[nodiscard]] const PciHostLayout::Range& ecam() const { return ecam_place_; }

    [[nodiscard]] std::string_view type() const override { return "pci-host-ecam-generic"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    class Ecam final : public IoHandler {
    public:
        explicit Ecam(PciHost& host) : host_(host) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;
        [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    private:
        PciHost& host_;
    };
    // An access that no device claims ends in a master abort: reads give ones (PCI 3.0, 3.3.3.1).
    class Unclaimed final : public IoHandler {
        u64 read(u64, Width) override { return ~u64{0}; }
        void write(u64, u64, Width) override {}
    };

    struct Mapped {
        AddressSpace* space;
        Window window;
    };

    PciHost(std::string name, AddressSpace& memory, const PciHostLayout& layout, std::span<const IrqLine> lines,
            PciDevice* bridge);
    Status map_ecam();
    [[nodiscard]] PciDevice* function_at(u32 bus, u32 slot, u32 function) const;
    [[nodiscard]] AddressSpace& space_of(PciBarKind kind) const;
    [[nodiscard]] const PciHostLayout::Range& range_of(PciBarKind kind, u64 address) const;
    void claim(std::vector<Mapped>& windows, const PciBarWindow& bar) const;
    void fill_gaps(std::vector<Mapped>& windows, const PciHostLayout::Range& range);
    void map_windows();
    [[nodiscard]] u32 asserted_lines() const;

    // configuration
    PciHostLayout layout_;
    // wiring
    AddressSpace& memory_;
    std::vector<IrqLine> lines_;
    std::array<std::array<PciDevice*, function_count>, slot_count> slots_{};
    Ecam ecam_{*this};
    Unclaimed unclaimed_;
    // state
    std::unique_ptr<PciDevice> own_bridge_;

    // Derived from the devices' state.
    PciHostLayout::Range ecam_place_;
    std::vector<Mapped> mapped_;
    u32 asserted_ = 0;
};

} // namespace orrery
