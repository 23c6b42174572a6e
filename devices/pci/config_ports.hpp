// PCI configuration mechanism #1 (PCI 3.0, 3.2.2.3.2): an address port at CF8h and a data port at CFCh. The reset
// control register of Intel's south bridges sits among the address port's bytes and is reached by byte accesses.
#pragma once

#include "devices/pci/host.hpp"

namespace orrery {

class PciConfigPorts final : public Component, public IoHandler {
public:
    static constexpr GuestPhysical base{0xcf8};
    static constexpr u64 window_size_bytes = 8;

    // `reset_control` answers at CF9h.
    PciConfigPorts(std::string name, PciHost& host, IoHandler& reset_control)
        : Component(std::move(name)), host_(host), reset_control_(reset_control) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pci-config-ports"; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u32 address = 0;
        static constexpr void fields(auto& s, auto&& f) { f("address", s.address); }
    };
    // Where the address register points, with the data port's own two bits.
    struct Target {
        u32 bus, slot, function, offset;
    };
    [[nodiscard]] Target target(u64 offset) const;
    [[nodiscard]] bool enabled() const;

    // Wiring
    PciHost& host_;
    IoHandler& reset_control_;

    // State
    State s_;
};

} // namespace orrery
