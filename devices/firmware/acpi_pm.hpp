// ACPI fixed power management hardware (ACPI 6.4, 4.8.3) at the offsets of the PIIX4 (82371AB 7.2, power management I/O
// registers): power button, sleep control, the power management timer, and sixteen general purpose events. There is no
// SMM: the machine is in ACPI mode for good, SCI_EN reads 1, and FADT.SMI_CMD is 0. Of the sleep states there is only
// soft-off.
#pragma once

#include "devices/firmware/power.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/frequency.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class AcpiPm final : public Component, public IoHandler, public IrqSink {
public:
    static constexpr u64 ports_size_bytes = 0x40;
    static constexpr u64 timer_hz = 3'579'545;
    static constexpr u32 general_purpose_events = 16;
    // Offsets for the FADT.
    enum Offset : u64 { pm1_event = 0x00, pm1_control = 0x04, pm_timer = 0x08, gpe0 = 0x0c };

    struct Configuration {
        u8 soft_off_type = 0; // SLP_TYP of \_S5
    };

    AcpiPm(std::string name, Configuration configuration, Clock& clock, IrqLine sci, PowerControl& power);

    // The user presses the power button: a request to the guest.
    void press_power_button();

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // IrqSink: pin n rising sets general purpose event n.
    void set_irq(u32 pin, bool level) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "acpi-pm"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    struct State {
        u16 status = 0;  // PM1_STS, but for what the timer has added since `seen_ticks`
        u16 enable = 0;  // PM1_EN
        u16 control = 1; // PM1_CNT: SCI_EN
        u16 event_status = 0;
        u16 event_enable = 0;
        u16 event_pins = 0;
        u64 seen_ticks = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("status", s.status);
            f("enable", s.enable);
            f("control", s.control);
            f("event_status", s.event_status);
            f("event_enable", s.event_enable);
            f("event_pins", s.event_pins);
            f("seen_ticks", s.seen_ticks);
        }
    };

    [[nodiscard]] u64 now_ticks() const { return timer_signal_.ticks(carry_.clock().now_ns()); }
    [[nodiscard]] u32 read_register(u64 offset) const;
    void write_byte(u64 offset, u8 value);
    void write_control(u16 value);
    void catch_up();
    void update();

    // Configuration
    const Configuration configuration_;
    static constexpr Frequency timer_signal_{timer_hz};

    // Wiring
    IrqLine sci_;
    PowerControl& power_;
    Timer carry_;

    // State
    State s_;
};

} // namespace orrery
