// Motorola MC146818A real-time clock with RAM (data sheet ADI856, here "146818") as PCs have it: a 32.768 kHz time
// base, 128 bytes behind ports 70h and 71h, 128 more behind 72h and 73h, the century in byte 32h, and the mask of NMIs
// in bit 7 of port 70h. The battery holds: a reset of the machine leaves date and memory alone. Time passes without
// events; only an enabled interrupt costs one.
#pragma once

#include <array>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/frequency.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class Mc146818 final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 4;
    static constexpr u32 memory_size_bytes = 256; // the second half is the extended bank

    struct Configuration {
        u64 power_on_seconds = 0; // since 1970-01-01 00:00 in the clock's own time zone, when virtual time is 0
    };
    struct Lines {
        IrqLine irq;
        IrqLine nmi_masked; // follows bit 7 of port 70h
    };

    Mc146818(std::string name, Configuration configuration, Clock& clock, Lines lines);

    // What the firmware's memory holds, for the board to fill and for those who look. Bytes 0 to 0Dh are the clock's.
    void set_memory(u8 index, u8 value);
    [[nodiscard]] u8 memory(u8 index) const { return s_.memory[index]; }

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "mc146818"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    struct State {
        std::array<u8, memory_size_bytes> memory{}; // the clock's bytes are as of `seen_ticks`
        u8 index = 0x80;
        u8 extended_index = 0;
        u64 origin_ticks = 0; // the tick at which the divider chain began
        u64 seen_ticks = 0;   // up to here updates and periods have been taken note of
        u64 event_ns = never_ns;

        static constexpr void fields(auto& s, auto&& f) {
            f("memory", s.memory);
            f("index", s.index);
            f("extended_index", s.extended_index);
            f("origin_ticks", s.origin_ticks);
            f("seen_ticks", s.seen_ticks);
            f("event_ns", s.event_ns);
        }
    };
    struct Date {
        u64 second_of_day = 0;
        i64 day = 0; // since 1970-01-01
    };

    [[nodiscard]] u8 read_register(u8 index);
    void write_register(u8 index, u8 value);
    u8 read_flags();
    void write_divider(u8 value);
    void write_control(u8 value);

    [[nodiscard]] u64 now_ticks() const;
    [[nodiscard]] bool divider_runs() const;
    [[nodiscard]] bool updates() const;
    [[nodiscard]] u64 period_ticks() const;
    [[nodiscard]] bool update_in_progress() const;
    void catch_up();
    void pass_updates(u64 count);
    [[nodiscard]] u64 updates_until_alarm() const;
    [[nodiscard]] bool alarm_matches(u8 index, u8 value) const;
    void schedule();
    void update_irq();

    [[nodiscard]] u8 encode(u64 number) const;
    [[nodiscard]] u64 decode(u8 value) const;
    [[nodiscard]] u8 encode_hour(u64 hour) const;
    [[nodiscard]] u64 decode_hour(u8 value) const;
    [[nodiscard]] Date date() const;
    void set_time(u64 second_of_day);
    void set_day(i64 day, i64 days_passed);

    // Configuration
    const Configuration configuration_;

    // Wiring
    Lines lines_;
    Timer event_;

    // State
    State s_;
};

} // namespace orrery
