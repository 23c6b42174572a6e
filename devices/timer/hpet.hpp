// IA-PC high precision event timer (specification 1.0a, here "HPET"): a 64-bit counter of 100 MHz and three
// comparators, each of them periodic if wanted. It sits between the 8254 and the RTC and their interrupts, so that it
// can replace them. The counter costs no events; a comparator does when an interrupt can come of it.
#pragma once

#include <array>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/msi.hpp"

namespace orrery {

class Hpet final : public Component, public IoHandler, public IrqSink {
public:
    static constexpr u64 window_size_bytes = 0x400;
    static constexpr u32 comparators = 3;
    static constexpr u64 tick_ns = 10;
    // The inputs that it passes on unless it replaces them.
    enum Pin : u32 { from_8254 = 0, from_rtc = 1, legacy_pins = 2 };

    struct Configuration {
        u32 routes = 0x00f0'0000; // bit n: a comparator may interrupt by I/O APIC input n
    };
    struct Lines {
        std::array<IrqLine, legacy_pins> legacy; // IRQ 0 and IRQ 8
        std::vector<IrqLine> io_apic;            // by input; at most 32
        MsiSink* messages = nullptr;
    };

    Hpet(std::string name, Configuration configuration, Clock& clock, Lines lines);

    // The low word of the capability register, which ACPI's table repeats (HPET 3.2.4).
    static u32 identity();

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::word, Width::dword}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // IrqSink
    void set_irq(u32 pin, bool level) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "hpet"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    struct Comparator {
        u64 configuration = 0; // the bits of Tn_CONF that can be written
        u64 value = ~u64{0};
        u64 period = 0;
        u64 message = 0;         // FSB route: data below, address above
        u64 match_ns = never_ns; // when the counter next equals it
        static constexpr void fields(auto& s, auto&& f) {
            f("configuration", s.configuration);
            f("value", s.value);
            f("period", s.period);
            f("message", s.message);
            f("match_ns", s.match_ns);
        }
    };
    struct State {
        u8 configuration = 0;
        u8 status = 0;
        u64 counter = 0; // at `origin_ns`, or where it stands
        u64 origin_ns = 0;
        u64 event_ns = never_ns;
        u32 driven = 0;    // I/O APIC inputs that are held high
        u8 legacy_in = 0;  // the levels of the inputs
        u8 legacy_own = 0; // what comparators 0 and 1 put in their place
        std::array<Comparator, comparators> comparator{};
        static constexpr void fields(auto& s, auto&& f) {
            f("configuration", s.configuration);
            f("status", s.status);
            f("counter", s.counter);
            f("origin_ns", s.origin_ns);
            f("event_ns", s.event_ns);
            f("driven", s.driven);
            f("legacy_in", s.legacy_in);
            f("legacy_own", s.legacy_own);
            f("comparator", s.comparator);
        }
    };

    [[nodiscard]] u64 read_register(u64 offset) const;
    void write_register(u64 offset, u64 value, u64 written_bits);
    [[nodiscard]] u64 comparator_configuration(const Comparator& comparator) const;
    void write_configuration(u8 value);
    void write_comparator_register(u32 index, u64 offset, u64 value, u64 written_bits);
    void write_comparator_configuration(u32 index, u64 value);
    void write_comparator_value(Comparator& comparator, u64 value, u64 written_bits);

    [[nodiscard]] u64 now_ns() const { return event_.clock().now_ns(); }
    [[nodiscard]] bool enabled() const { return (s_.configuration & 1) != 0; }
    [[nodiscard]] bool replaces_legacy() const { return (s_.configuration & 2) != 0; }
    [[nodiscard]] u64 counter() const;
    void set_counter(u64 value);
    void plan(Comparator& comparator);
    void pass_matches(Comparator& comparator);
    void catch_up();
    void match(u32 index);
    void interrupt_once(u32 index);
    void schedule();
    void update_lines();

    // Configuration
    const Configuration configuration_;

    // Wiring
    Lines lines_;
    Timer event_;

    // State
    State s_;
};

} // namespace orrery
