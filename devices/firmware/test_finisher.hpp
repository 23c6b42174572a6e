// SiFive's test finisher: a guest writes its verdict and the machine ends or starts anew. The device tree of the virt
// board offers the same register to Linux as syscon-poweroff and syscon-reboot.
#pragma once

#include "devices/firmware/power.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class TestFinisher final : public Component, public IoHandler {
public:
    static constexpr u64 window_size_bytes = 0x1000;
    // What the guest writes to offset 0; the exit code of a failure is in the upper half.
    static constexpr u16 fail = 0x3333;
    static constexpr u16 pass = 0x5555;
    static constexpr u16 restart = 0x7777;

    TestFinisher(std::string name, PowerControl& power) : Component(std::move(name)), power_(power) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::half, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "sifive-test"; }
    void reset() override {}
    void state(StateVisitor&) override {}

private:
    // Wiring
    PowerControl& power_;
};

} // namespace orrery
