// System control port B of a PC, port 61h (82371AB, NMISC): the gate and the output of the 8254's counter 2,
// the speaker, and a bit that toggles with every refresh of the memory. No parity and no channel check ever fails here.
#pragma once

#include "devices/timer/i8254.hpp"

namespace orrery {

class SystemControlB final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 1;

    SystemControlB(std::string name, I8254& timer) : Component(std::move(name)), timer_(timer) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-system-control-b"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override { s_.control &= 0x0f; }

private:
    struct State {
        u8 control = 0; // gate 2, speaker data, and the enables of the two checks
        static constexpr void fields(auto& s, auto&& f) { f("control", s.control); }
    };

    // Wiring
    I8254& timer_;

    // State
    State s_;
};

} // namespace orrery
