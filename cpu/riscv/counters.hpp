// The counters of Zicntr, Zihpm and Sscofpmf. A cycle is a retired instruction. Retired instructions are counted by the
// engine; here stand offsets to its count, and for the event counters the rules of when they count and overflow.
#pragma once

#include "cpu/riscv/state.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::riscv {

class Counters {
public:
    explicit Counters(State& state) : state_(state) { configure(); }

    // `retired` is always the engine's exact count at the current instruction's beginning.
    [[nodiscard]] u64 read_fixed(u32 number, u64 retired) const; // counter::cycle, counter::instret
    void write_fixed(u32 number, u64 value, u64 retired);
    void write_inhibit(u64 value, u64 retired);

    // Event counters, by number 3..31. advance() first, if any is active.
    [[nodiscard]] u64 read_event_counter(u32 number) const { return state_.mhpmcounter[index(number)]; }
    void write_event_counter(u32 number, u64 value) { state_.mhpmcounter[index(number)] = value; }
    [[nodiscard]] u64 read_event(u32 number) const { return state_.mhpmevent[index(number)]; }
    void write_event(u32 number, u64 value);
    [[nodiscard]] u64 overflowed() const; // scountovf, unmasked

    // Whether any event counter counts: only then the privilege mode and time of changes matter.
    [[nodiscard]] bool active() const { return active_ != 0; }
    // Accounts what retired since the last call to the current privilege mode. An overflow sets OF and LCOFIP; it is
    // noticed here, at the latest when the hart next leaves translated code.
    void advance(u64 retired);
    // After any change of the state by others.
    void configure();

private:
    static u32 index(u32 number) { return number - 3; }
    [[nodiscard]] u64& offset(u32 number) const;

    State& state_;
    u32 active_ = 0; // a bit for each counter with an event that isn't inhibited by mcountinhibit
};

} // namespace orrery::riscv
