// An AHCI controller (Serial ATA AHCI 1.3.1) as the SATA function of Intel's ICH9 is one: a PCI function whose BAR 5
// holds up to six ports. Interrupts by INTA.
#pragma once

#include <memory>
#include <vector>

#include "devices/pci/device.hpp"
#include "devices/storage/ahci_port.hpp"

namespace orrery {

class AhciController final : public PciDevice, public IoHandler {
public:
    static constexpr u32 most_ports = 6;
    static constexpr u64 bar_bytes = 0x800;

    // One port for each of `drives`, one to six, of which any may be null.
    AhciController(std::string name, Clock& clock, AddressSpace& memory, const std::vector<AtaDrive*>& drives);

    // The BAR
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    [[nodiscard]] std::string_view type() const override { return "ich9-ahci"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    struct State {
        u32 ghc = 0x8000'0000; // AE is always set
        u32 is = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("ghc", s.ghc);
            f("is", s.is);
        }
    };
    [[nodiscard]] u32 read_register(u32 offset) const;
    void write_register(u32 offset, u32 value, u32 written);
    void host_reset();
    void update_interrupt();

    std::vector<std::unique_ptr<AhciPort>> ports_;
    State s_;
};

} // namespace orrery
