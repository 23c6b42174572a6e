// The "goldfish" real-time clock of Android's emulator and of QEMU's RISC-V virt board: nanoseconds since 1970 in two
// 32-bit halves, and an alarm. The date at power-on is configuration; from there it follows virtual time.
#pragma once

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class GoldfishRtc final : public Component, public IoHandler {
public:
    static constexpr u64 window_size_bytes = 0x1000;

    struct Configuration {
        u64 power_on_ns = 0; // nanoseconds since 1970-01-01 00:00 UTC when virtual time is 0
    };

    GoldfishRtc(std::string name, Configuration configuration, Clock& clock, IrqLine irq);

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::word, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "goldfish-rtc"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    struct State {
        u64 adjustment_ns = 0; // what the guest has put the clock forward by, modulo 2^64
        u64 alarm_ns = 0;
        u32 time_high = 0; // latched by a read of TIME_LOW
        bool alarm_armed = false;
        bool irq_enabled = false;
        bool irq_pending = false;
        static constexpr void fields(auto& s, auto&& f) {
            f("adjustment_ns", s.adjustment_ns);
            f("alarm_ns", s.alarm_ns);
            f("time_high", s.time_high);
            f("alarm_armed", s.alarm_armed);
            f("irq_enabled", s.irq_enabled);
            f("irq_pending", s.irq_pending);
        }
    };

    [[nodiscard]] u64 date_ns() const;
    void set_date(u64 date_ns);
    void schedule_alarm();
    void alarm_expired();
    void update_irq() { irq_.set(s_.irq_pending && s_.irq_enabled); }

    // Configuration
    const Configuration configuration_;

    // Wiring
    IrqLine irq_;
    Timer alarm_;

    // State
    State s_;
};

} // namespace orrery
