// Intel 8254 programmable interval timer as a PC has it (8254; see i8254_counter.hpp): ports 40h to 43h, gates 0 and 1
// tied high, OUT0 to an interrupt line. Counting costs no events; only the edges of OUT0 do.
#pragma once

#include <array>

#include "devices/timer/i8254_counter.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/frequency.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class I8254 final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 4;
    static constexpr u64 frequency_hz = 1'193'182;
    static constexpr u32 counters = 3;

    I8254(std::string name, Clock& clock, IrqLine out0);

    void set_gate(u32 counter, bool level);
    [[nodiscard]] bool out(u32 counter);
    // CLK pulses since power-on.
    [[nodiscard]] u64 pulses() const { return clock_signal_.ticks(event_.clock().now_ns()); }

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "i8254"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    struct Event {
        u64 at_pulse = never_tick; // when OUT0 changes next
        bool edge_only = false;    // a rising edge out of a low pulse too short to show
        static constexpr void fields(auto& s, auto&& f) {
            f("at_pulse", s.at_pulse);
            f("edge_only", s.edge_only);
        }
    };

    void write_control(u8 value);
    void update_out0();
    void settle();
    void schedule();
    void out0_changes();

    // Wiring
    IrqLine out0_;
    Timer event_;

    // Configuration
    static constexpr Frequency clock_signal_{frequency_hz};

    // State
    std::array<I8254Counter, counters> counter_;
    Event s_;
};

} // namespace orrery
