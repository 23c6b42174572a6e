// The generic PCIe host: ECAM configuration access (PCIe 4.0, 7.2.2), the address windows in which BARs appear, and
// four shared interrupt lines. One bus, 32 slots of one function; slot 0 is the host bridge. Machine lock held
// throughout.
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
    Range ecam;
    Range io;
    Range memory32;
    Range memory64;
};

class PciHost final : public Component, public PciBus {
public:
    static constexpr u32 slot_count = 32;
    static constexpr u32 line_count = 4;

    // Maps the ECAM and the empty windows.
    static Result<std::unique_ptr<PciHost>> create(std::string name, AddressSpace& memory, const PciHostLayout& layout,
                                                   const std::array<IrqLine, line_count>& lines);
    ~PciHost() override;

    // Slots 1 to 31. The device outlives the host or is never touched again.
    Status add(PciDevice& device, u32 slot);
    // Which of the four lines pin INTA…INTD (1…4) of a slot drives.
    static constexpr u32 line_of(u32 slot, u32 pin) { return (slot + pin - 1) % line_count; }

    void decoding_changed() override { map_windows(); }
    void interrupt_changed() override;

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

    private:
        PciHost& host_;
    };
    // An access that no device claims ends in a master abort: reads give ones (PCI 3.0, 3.3.3.1).
    class Unclaimed final : public IoHandler {
        u64 read(u64, Width) override { return ~u64{0}; }
        void write(u64, u64, Width) override {}
    };

    PciHost(std::string name, AddressSpace& memory, const PciHostLayout& layout,
            const std::array<IrqLine, line_count>& lines);
    PciDevice* device_at(u64 ecam_offset) const;
    [[nodiscard]] const PciHostLayout::Range& range_of(PciBarKind kind, u64 address) const;
    void claim(std::vector<Window>& windows, const PciBarWindow& bar) const;
    void fill_gaps(std::vector<Window>& windows, const PciHostLayout::Range& range);
    void map_windows();
    [[nodiscard]] u32 asserted_lines() const;

    // configuration
    PciHostLayout layout_;
    // wiring
    AddressSpace& memory_;
    std::array<IrqLine, line_count> lines_;
    std::array<PciDevice*, slot_count> slots_{};
    Ecam ecam_{*this};
    Unclaimed unclaimed_;
    // state
    PciDevice bridge_;

    // Derived from the devices' state.
    std::vector<Window> mapped_;
    u32 asserted_ = 0;
};

} // namespace orrery
