#include "devices/irq/local_apic_timer.hpp"

namespace orrery {

LocalApicTimer::LocalApicTimer(Clock& clock, u64 timer_hz, u64 tsc_hz, std::function<void()> expired)
    : timer_signal_(timer_hz), tsc_signal_(tsc_hz), expired_(std::move(expired)),
      event_(clock, "local APIC timer", [this] { fire(); }) {}

void LocalApicTimer::reset(bool keep_tsc) {
    const u64 offset = s_.tsc_offset;
    s_ = {};
    if (keep_tsc) s_.tsc_offset = offset;
    event_.cancel();
}

void LocalApicTimer::restored() {
    if (s_.mode > Mode::reserved) s_.mode = Mode::one_shot;
    if (s_.event_ns == never_ns)
        event_.cancel();
    else
        event_.arm_at(s_.event_ns);
}

// Bits 3, 1 and 0 are the logarithm of the divisor less 1, and 7 divides by 1 (SDM 3A figure 11-10).
u32 LocalApicTimer::shift() const {
    const u32 code = (s_.divide & 3u) | (s_.divide >> 1 & 4u);
    return (code + 1) & 7;
}

u32 LocalApicTimer::remaining(u64 elapsed) const {
    if (elapsed < s_.count) return static_cast<u32>(s_.count - elapsed);
    if (s_.mode != Mode::periodic || s_.count == 0 || s_.initial == 0) return 0;
    return static_cast<u32>(s_.initial - (elapsed - s_.count) % s_.initial);
}

u32 LocalApicTimer::current_count() const { return s_.mode == Mode::tsc_deadline ? 0 : remaining(elapsed()); }

u64 LocalApicTimer::deadline() const {
    return s_.mode == Mode::tsc_deadline && now_tsc() < s_.deadline ? s_.deadline : 0;
}

// Goes on from the present count, so that what changes next changes nothing before it.
void LocalApicTimer::rebase() {
    s_.count = remaining(elapsed());
    s_.origin_ticks = now_ticks();
}

void LocalApicTimer::set_initial_count(u32 count) {
    if (s_.mode == Mode::tsc_deadline) return; // SDM 3A 11.5.4.1
    s_.initial = count;
    s_.count = count;
    s_.origin_ticks = now_ticks();
    counts_anew_ = count != 0;
}

void LocalApicTimer::set_divide(u8 value) {
    rebase();
    s_.divide = value & 0x0b;
}

// To or from deadlines, the timer is disarmed; between the others it goes on (SDM 3A 11.5.4.1).
void LocalApicTimer::set_mode(Mode mode) {
    if (mode == s_.mode) return;
    rebase();
    if ((mode == Mode::tsc_deadline) != (s_.mode == Mode::tsc_deadline)) {
        s_.count = 0;
        s_.initial = 0;
        s_.deadline = 0;
    }
    s_.mode = mode;
}

void LocalApicTimer::set_deadline(u64 tsc) {
    if (s_.mode == Mode::tsc_deadline) s_.deadline = tsc;
}

void LocalApicTimer::set_tsc_offset(u64 offset) { s_.tsc_offset = offset; }

// Time goes on meanwhile: what falls due between looking and reading would be lost.
LocalApicTimer::Position LocalApicTimer::position() {
    Position position;
    do {
        settle();
        position = {s_.mode, s_.divide, initial_count(), current_count(), deadline()};
    } while (s_.event_ns <= event_.clock().now_ns());
    return position;
}

void LocalApicTimer::go_on(const Position& from) {
    s_.mode = from.mode;
    s_.divide = from.divide;
    s_.initial = from.initial;
    s_.count = from.count;
    s_.deadline = from.deadline;
    if (s_.count != 0) s_.origin_ticks = now_ticks();
    counts_anew_ = s_.count != 0;
}

u64 LocalApicTimer::next_expiry_ns() const {
    const u64 counts = elapsed();
    const u64 left = remaining(counts);
    if (s_.mode == Mode::reserved) return never_ns;
    if (left == 0) return counts_anew_ ? event_.clock().now_ns() : never_ns;
    const u64 in_count = (now_ticks() - s_.origin_ticks) & ((u64{1} << shift()) - 1);
    u64 wait = (left << shift()) - in_count;
    const u64 period = u64{s_.initial} << shift();
    const u64 least = timer_signal_.shortest_interrupt_period();
    if (s_.mode == Mode::periodic && period != 0 && period < least) wait += (least + period - 1) / period * period;
    return timer_signal_.ns_after(now_ticks(), wait);
}

u64 LocalApicTimer::next_event_ns() const {
    if (s_.mode != Mode::tsc_deadline) return next_expiry_ns();
    const u64 tsc = now_tsc();
    if (s_.deadline == 0) return never_ns;
    if (tsc >= s_.deadline) return event_.clock().now_ns();
    return tsc_signal_.ns_after(tsc_signal_.ticks(event_.clock().now_ns()), s_.deadline - tsc);
}

void LocalApicTimer::schedule(bool wanted) {
    const u64 event = wanted ? next_event_ns() : never_ns;
    counts_anew_ = false;
    s_.event_ns = event;
    if (event == never_ns)
        event_.cancel();
    else if (event <= event_.clock().now_ns())
        fire(); // a deadline in the past
    else
        event_.arm_at(event);
}

void LocalApicTimer::settle() {
    if (s_.event_ns <= event_.clock().now_ns()) fire();
    if (now_tsc() >= s_.deadline) s_.deadline = 0; // it came while masked
}

void LocalApicTimer::fire() {
    s_.event_ns = never_ns;
    event_.cancel();
    if (s_.mode == Mode::tsc_deadline) s_.deadline = 0;
    expired_();
}

} // namespace orrery
