// The two ports of a PC that reset it: the reset control register CF9h of Intel's chipsets (82371AB, RC), and system
// control port A, 92h, with its gate of address line 20.
#pragma once

#include "devices/firmware/power.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class ResetControl final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 1;

    ResetControl(std::string name, PowerControl& power) : Component(std::move(name)), power_(power) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-reset-control"; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u8 control = 0;
        static constexpr void fields(auto& s, auto&& f) { f("control", s.control); }
    };

    // Wiring
    PowerControl& power_;

    // State
    State s_;
};

class SystemControlA final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 1;

    // `a20` is whether this port opens the gate; the keyboard controller has another say in it.
    SystemControlA(std::string name, IrqLine a20, PowerControl& power)
        : Component(std::move(name)), a20_(a20), power_(power) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-system-control-a"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u8 control = 0;
        static constexpr void fields(auto& s, auto&& f) { f("control", s.control); }
    };

    // Wiring
    IrqLine a20_;
    PowerControl& power_;

    // State
    State s_;
};

} // namespace orrery
