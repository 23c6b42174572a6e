#include "devices/timer/i8254_counter.hpp"

#include <algorithm>

namespace orrery {
namespace {

enum Latch : u8 { latched_count = 1, latched_status = 2 };

u16 to_bcd(u32 number) {
    u32 digits = 0;
    for (u32 shift = 0; shift < 16; shift += 4, number /= 10) digits |= number % 10 << shift;
    return static_cast<u16>(digits);
}

// Digits above 9 count for what they are: the data sheet leaves them open.
u16 from_bcd(u16 digits) {
    u32 number = 0;
    for (u32 shift = 16; shift != 0; shift -= 4) number = number * 10 + (digits >> (shift - 4) & 0xf);
    return static_cast<u16>(number % 10'000);
}

} // namespace

// ---- the counting element ----

u64 I8254Counter::elapsed(u64 now) const {
    if (s_.stopped) return s_.elapsed;
    return now > s_.start ? now - s_.start : 0;
}

// The least count of modes 2 and 3 is 2 (8254, minimum and maximum initial counts).
u64 I8254Counter::period() const { return std::max<u64>(full(s_.count), 2); }

// Pulses since the last beginning of a cycle of modes 2 and 3. In mode 3 a cycle begins with its high half, which is
// the longer one of an odd count (8254, mode 3).
u64 I8254Counter::position(u64 now) const {
    const u64 skipped = s_.mode == 3 && s_.start_low ? (period() + 1) / 2 : 0;
    return (skipped + elapsed(now) % period()) % period();
}

u16 I8254Counter::value(u64 now) const {
    if (!s_.loaded) return s_.residue;
    if (s_.mode == 2) return static_cast<u16>((period() - position(now)) % modulus());
    if (s_.mode == 3) { // counts down by two from the even number below
        const u64 at = position(now);
        const u64 high = (period() + 1) / 2;
        const u64 in_half = at < high ? at : at - high;
        return static_cast<u16>(((period() & ~u64{1}) - 2 * in_half) % modulus());
    }
    // The others count on from the top after they have reached 0.
    const u64 counted = elapsed(now) % modulus();
    return static_cast<u16>((full(s_.count) + modulus() - counted) % modulus());
}

u16 I8254Counter::displayed(u64 now) const { return s_.bcd ? to_bcd(value(now)) : value(now); }

// The first pulse after `now` at which modes 2 and 3 take a new count (8254: at the end of the cycle in mode 2, of the
// half-cycle in mode 3).
u64 I8254Counter::end_of_cycle(u64 now) const {
    const u64 at = position(now);
    const u64 high = (period() + 1) / 2;
    return now + (s_.mode == 3 && at < high ? high : period()) - at;
}

void I8254Counter::load_at(u64 pulse, bool low_half) {
    s_.load_at = pulse;
    s_.load_low = low_half;
}

// Carries out a load whose pulse has come.
void I8254Counter::catch_up(u64 now) {
    if (s_.load_at > now) return;
    s_.count = s_.written;
    s_.start = s_.load_at;
    s_.start_low = s_.load_low;
    s_.elapsed = 0;
    s_.loaded = true;
    s_.null_count = false;
    s_.load_at = never_tick;
}

void I8254Counter::stop(u64 now) {
    if (s_.stopped) return;
    s_.elapsed = elapsed(now);
    s_.stopped = true;
}

// ---- control words and counts ----

void I8254Counter::write_control(u8 value, u64 now) {
    catch_up(now);
    const u16 residue = this->value(now);
    const bool gate = s_.gate;
    s_ = {};
    s_.gate = gate;
    s_.residue = residue;
    s_.access = value >> 4 & 3;
    s_.mode = value >> 1 & 7;
    if (s_.mode > 5) s_.mode &= 3; // 6 and 7 are 2 and 3: bit 2 is a don't care
    s_.bcd = (value & 1) != 0;
    s_.stopped = !gate && !retriggered_by_gate();
}

void I8254Counter::write_count(u8 value, u64 now) {
    catch_up(now);
    if (s_.access == 3 && !s_.second_write) {
        s_.written_low = value;
        s_.second_write = true;
        if (s_.mode == 0) { // the first byte stops the counting, and OUT goes low at once (8254, mode 0)
            stop(now);
            s_.load_at = never_tick;
            s_.null_count = true;
        }
        return;
    }
    u16 count = s_.access == 1 ? value : static_cast<u16>(value << 8);
    if (s_.access == 3) count = static_cast<u16>(s_.written_low | value << 8);
    s_.second_write = false;
    s_.written = s_.bcd ? from_bcd(count) : count;
    s_.null_count = true;
    new_count(now);
}

// When the count just written goes into the counting element.
void I8254Counter::new_count(u64 now) {
    if (retriggered_by_gate()) return; // at the next trigger
    if (s_.mode == 0) s_.stopped = !s_.gate;
    if (!reloads_itself() || !s_.loaded)
        load_at(now + 1);
    else if (!s_.stopped && s_.load_at != now + 1)
        load_at(end_of_cycle(now), s_.mode == 3 && position(now) < (period() + 1) / 2);
}

void I8254Counter::set_gate(bool level, u64 now) {
    catch_up(now);
    const bool rises = level && !s_.gate;
    s_.gate = level;
    if (retriggered_by_gate()) {
        if (rises) load_at(now + 1);
        return;
    }
    if (!level) {
        // A load that has been announced still takes place, but what waits for the end of a cycle waits for the
        // trigger.
        if (reloads_itself() && s_.load_at != now + 1) s_.load_at = never_tick;
        stop(now);
    } else if (rises) {
        if (s_.mode == 0 && s_.second_write) return;
        s_.stopped = false;
        s_.start = now - std::min(now, s_.elapsed);
        if (reloads_itself() && (s_.loaded || s_.load_at != never_tick)) load_at(now + 1);
    }
}

// ---- OUT ----

bool I8254Counter::out(u64 now) {
    catch_up(now);
    if (!s_.loaded) return s_.mode != 0;
    const u64 counted = elapsed(now);
    const u64 count = full(s_.count);
    switch (s_.mode) {
    case 0:
        return !s_.null_count && counted >= count;
    case 1:
        return counted >= count;
    case 2:
        return s_.stopped || position(now) != period() - 1;
    case 3:
        return s_.stopped || position(now) < (period() + 1) / 2;
    default: // a strobe of one pulse
        return counted != count;
    }
}

u64 I8254Counter::next_change(u64 now) {
    catch_up(now);
    u64 next = s_.load_at;
    if (!s_.loaded || s_.stopped) return next;
    const u64 counted = elapsed(now);
    const u64 count = full(s_.count);
    if (s_.mode == 2)
        next = std::min(next, now + (out(now) ? period() - 1 : period()) - position(now));
    else if (s_.mode == 3)
        next = std::min(next, end_of_cycle(now));
    else if (counted < count)
        next = std::min(next, now + (count - counted));
    else if (s_.mode >= 4 && counted == count)
        next = std::min(next, now + 1);
    return next;
}

u64 I8254Counter::next_cycle(u64 now) {
    catch_up(now);
    return std::min(s_.load_at, now + period() - position(now));
}

// ---- reading ----

void I8254Counter::latch_count(u64 now) {
    catch_up(now);
    if (s_.latches & latched_count) return; // the first one holds until it has been read
    s_.count_latch = displayed(now);
    s_.latches |= latched_count;
}

void I8254Counter::latch_status(u64 now) {
    catch_up(now);
    if (s_.latches & latched_status) return;
    s_.status_latch = static_cast<u8>((out(now) ? 0x80 : 0) | (s_.null_count ? 0x40 : 0) | s_.access << 4 |
                                      s_.mode << 1 | (s_.bcd ? 1 : 0));
    s_.latches |= latched_status;
}

u8 I8254Counter::read(u64 now) {
    catch_up(now);
    if (s_.latches & latched_status) { // first the status, whichever was latched first (8254, read-back command)
        s_.latches &= static_cast<u8>(~latched_status);
        return s_.status_latch;
    }
    const u16 count = (s_.latches & latched_count) ? s_.count_latch : displayed(now);
    const bool high = s_.access == 2 || (s_.access == 3 && s_.second_read);
    if (s_.access == 3) s_.second_read = !s_.second_read;
    if (!s_.second_read) s_.latches &= static_cast<u8>(~latched_count);
    return static_cast<u8>(high ? count >> 8 : count);
}

void I8254Counter::restored() {
    if (s_.mode > 5) s_.mode = 0;
    s_.access &= 3;
    if (s_.access == 0) s_.access = 3;
    if (s_.bcd && s_.written > 9'999) s_.written = 0;
    if (s_.bcd && s_.count > 9'999) s_.count = 0;
}

} // namespace orrery
