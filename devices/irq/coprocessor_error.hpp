// How a PC reports x87 exceptions to those who leave CR0.NE clear (SDM 1, appendix D; 82371AB, "coprocessor error
// register"): the CPU's FERR# becomes interrupt 13, whose handler writes to port F0h, which ends the interrupt and
// asserts IGNNE#, so that the CPU goes on.
#pragma once

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class CoprocessorError final : public Component, public IoHandler {
public:
    static constexpr u64 ports_base = 0xf0, ports_size_bytes = 2; // F1h once reset a 80287

    CoprocessorError(std::string name, IrqLine interrupt, IrqLine ignore)
        : Component(std::move(name)), interrupt_(interrupt), ignore_(ignore) {}

    // FERR#; machine lock held.
    void report() { set(true); }

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64, Width width) override { return mask(width); }
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-coprocessor-error"; }
    void reset() override { set(false); }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        bool reported = false;
        static constexpr void fields(auto& s, auto&& f) { f("reported", s.reported); }
    };

    void set(bool reported);

    // Wiring
    IrqLine interrupt_;
    IrqLine ignore_;

    // State
    State s_;
};

} // namespace orrery
