// One counter of an Intel 8254 programmable interval timer (data sheet 231164-005, here "8254"). It is a function of
// the number of CLK pulses since power-on: nothing happens between two accesses, whatever it counts meanwhile is worked
// out when someone looks. Every function with a `now` takes the present pulse, which never goes back.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery {

inline constexpr u64 never_tick = ~u64{0};

class I8254Counter {
public:
    struct State {
        u8 mode = 0;
        u8 access = 3; // RW1, RW0: 1 low byte, 2 high byte, 3 both
        bool bcd = false;
        bool gate = true;
        bool second_write = false; // the low byte has been written, the high byte is awaited
        bool second_read = false;
        bool null_count = true;   // what was written isn't in the counting element yet
        u16 written = 0;          // CR, as a number; 0 stands for 65536, or 10000 in BCD
        u8 written_low = 0;       // the first of two bytes
        bool loaded = false;      // the counting element counts or has been stopped by the gate
        bool start_low = false;   // mode 3: the half-cycle that began at `start` is the low one
        bool stopped = false;     // the counting element stands still
        u16 count = 0;            // what it was loaded with
        u64 start = 0;            // the pulse at which it was loaded
        u64 elapsed = 0;          // pulses counted when it was stopped
        u16 residue = 0;          // what the counting element reads while nothing is loaded
        u64 load_at = never_tick; // the pulse at which CR goes into the counting element
        bool load_low = false;    // mode 3: with that the low half-cycle begins
        u8 latches = 0;           // bit 0: the count is latched, bit 1: the status
        u16 count_latch = 0;
        u8 status_latch = 0;

        static constexpr void fields(auto& s, auto&& f) {
            f("mode", s.mode);
            f("access", s.access);
            f("bcd", s.bcd);
            f("gate", s.gate);
            f("second_write", s.second_write);
            f("second_read", s.second_read);
            f("null_count", s.null_count);
            f("written", s.written);
            f("written_low", s.written_low);
            f("loaded", s.loaded);
            f("start_low", s.start_low);
            f("stopped", s.stopped);
            f("count", s.count);
            f("start", s.start);
            f("elapsed", s.elapsed);
            f("residue", s.residue);
            f("load_at", s.load_at);
            f("load_low", s.load_low);
            f("latches", s.latches);
            f("count_latch", s.count_latch);
            f("status_latch", s.status_latch);
        }
    };

    // A control word for this counter that isn't a latch command: access, mode and BCD in bits 5:0.
    void write_control(u8 value, u64 now);
    void write_count(u8 value, u64 now);
    [[nodiscard]] u8 read(u64 now);
    void latch_count(u64 now);
    void latch_status(u64 now);
    void set_gate(bool level, u64 now);
    // The level of OUT.
    [[nodiscard]] bool out(u64 now);
    // The pulse after `now` at which OUT may change next. never_tick: not without an access.
    [[nodiscard]] u64 next_change(u64 now);
    // In modes 2 and 3: the pulse after `now` at which OUT rises for a new cycle, or a new count is loaded.
    [[nodiscard]] u64 next_cycle(u64 now);
    // Whether OUT changes again and again by itself.
    [[nodiscard]] bool periodic() const { return s_.loaded && !s_.stopped && (s_.mode == 2 || s_.mode == 3); }
    // Pulses of one cycle of modes 2 and 3.
    [[nodiscard]] u64 period() const;

    void restored();
    [[nodiscard]] const State& state() const { return s_; }
    [[nodiscard]] State& state() { return s_; }

private:
    [[nodiscard]] u32 modulus() const { return s_.bcd ? 10'000 : 0x1'0000; }
    [[nodiscard]] u64 full(u16 count) const { return count == 0 ? modulus() : count; }
    [[nodiscard]] bool retriggered_by_gate() const { return s_.mode == 1 || s_.mode == 5; }
    [[nodiscard]] bool reloads_itself() const { return s_.mode == 2 || s_.mode == 3; }
    [[nodiscard]] u64 elapsed(u64 now) const;
    [[nodiscard]] u64 position(u64 now) const;
    [[nodiscard]] u16 value(u64 now) const;
    [[nodiscard]] u16 displayed(u64 now) const;
    [[nodiscard]] u64 end_of_cycle(u64 now) const;
    void catch_up(u64 now);
    void load_at(u64 pulse, bool low_half = false);
    void stop(u64 now);
    void new_count(u64 now);

    State s_;
};

} // namespace orrery
