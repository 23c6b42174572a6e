// The timer of a local APIC (SDM 3A 11.5.4): one-shot and periodic by a count-down of the APIC's clock, or by a
// deadline of the time stamp counter. It costs an event only when an interrupt could come of it.
#pragma once

#include <functional>

#include "machine/fabric/frequency.hpp"

namespace orrery {

class LocalApicTimer {
public:
    enum class Mode : u8 { one_shot = 0, periodic = 1, tsc_deadline = 2, reserved = 3 };

    struct State {
        Mode mode = Mode::one_shot;
        u8 divide = 0;        // the divide configuration register
        u32 initial = 0;      // the initial count register
        u32 count = 0;        // what the current count was at `origin_ticks`; 0: it stands still
        u64 origin_ticks = 0; // of the undivided clock
        u64 deadline = 0;     // IA32_TSC_DEADLINE; 0: disarmed
        u64 tsc_offset = 0;   // the time stamp counter less its ticks since power-on, modulo 2^64
        u64 event_ns = never_ns;

        static constexpr void fields(auto& s, auto&& f) {
            f("mode", s.mode);
            f("divide", s.divide);
            f("initial", s.initial);
            f("count", s.count);
            f("origin_ticks", s.origin_ticks);
            f("deadline", s.deadline);
            f("tsc_offset", s.tsc_offset);
            f("event_ns", s.event_ns);
        }
    };

    // `expired` is called under the machine lock whenever the timer fires. Ticks that come while it isn't wanted are
    // merged: see schedule().
    LocalApicTimer(Clock& clock, u64 timer_hz, u64 tsc_hz, std::function<void()> expired);

    void reset(bool keep_tsc);
    void restored();
    [[nodiscard]] State& state() { return s_; }

    [[nodiscard]] u32 initial_count() const { return s_.mode == Mode::tsc_deadline ? 0 : s_.initial; }
    [[nodiscard]] u32 current_count() const;
    [[nodiscard]] u8 divide() const { return s_.divide; }
    [[nodiscard]] u64 deadline() const;

    struct Position {
        Mode mode = Mode::one_shot;
        u8 divide = 0;
        u32 initial = 0;
        u32 count = 0;    // 0: it stands still
        u64 deadline = 0; // 0: disarmed
    };
    // Where it is, with all fired that is due. schedule() may stop it then.
    [[nodiscard]] Position position();
    // Every change is followed by schedule().
    void go_on(const Position& from);
    void set_initial_count(u32 count);
    void set_divide(u8 value);
    void set_mode(Mode mode);
    void set_deadline(u64 tsc);
    void set_tsc_offset(u64 offset);
    // Fires now what is due but whose event hasn't come yet; before every change.
    void settle();
    // Asks for the next event, if `wanted`: not while its interrupt is masked, or waits to be taken anyway.
    void schedule(bool wanted);

private:
    [[nodiscard]] u64 now_ticks() const { return timer_signal_.ticks(event_.clock().now_ns()); }
    [[nodiscard]] u64 now_tsc() const { return tsc_signal_.ticks(event_.clock().now_ns()) + s_.tsc_offset; }
    [[nodiscard]] u32 shift() const;
    [[nodiscard]] u32 remaining(u64 elapsed) const;
    [[nodiscard]] u64 elapsed() const { return (now_ticks() - s_.origin_ticks) >> shift(); }
    [[nodiscard]] u64 next_event_ns() const;
    [[nodiscard]] u64 next_expiry_ns() const;
    void rebase();
    void fire();

    const Frequency timer_signal_;
    const Frequency tsc_signal_;
    std::function<void()> expired_;
    Timer event_;
    State s_;
    bool counts_anew_ = false; // since the last schedule(), by which the count may have come to 0 already
};

} // namespace orrery
