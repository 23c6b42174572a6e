// Several lines that drive one wire: it is high while any of them is. For an interrupt of the 8259s that ISA and PCI
// devices share, and for address line 20, which both the keyboard controller and port 92h open.
#pragma once

#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class OrGate final : public Component, public IrqSink {
public:
    static constexpr u32 most_inputs = 32;

    OrGate(std::string name, IrqLine output) : Component(std::move(name)), output_(output) {}

    void set_irq(u32 pin, bool level) override {
        if (pin >= most_inputs) return;
        const bool before = s_.levels != 0;
        s_.levels = level ? s_.levels | 1U << pin : s_.levels & ~(1U << pin);
        if (const bool now = s_.levels != 0; now != before) output_.set(now);
    }

    [[nodiscard]] std::string_view type() const override { return "or-gate"; }
    // Every input's owner drives it anew when it is reset itself.
    void reset() override {
        s_ = {};
        output_.set(false);
    }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u32 levels = 0;
        static constexpr void fields(auto& s, auto&& f) { f("levels", s.levels); }
    };

    // Wiring
    IrqLine output_;

    // State
    State s_;
};

} // namespace orrery
