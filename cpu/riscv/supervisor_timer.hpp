// The `time` counter and the timer interrupt of Sstc: stimecmp against time, as a level in State::irq_lines. The hart's
// thread writes stimecmp, the clock's thread lets the timer fire.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "cpu/riscv/state.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery::riscv {

class SupervisorTimer {
public:
    // `raised` is called, on either thread, when the comparison becomes true.
    SupervisorTimer(State& state, Clock& clock, std::string name, u64 timebase_hz, std::function<void()> raised);

    [[nodiscard]] u64 time() const { return ticks_since_power_on() + offset_ticks_.load(std::memory_order_relaxed); }
    // time is a shadow of mtime (II 3.2.1), which a guest may set and a reset does: what it has been put forward by,
    // modulo 2^64. Whoever owns mtime keeps that number, also through a restore. Any thread.
    void set_offset(u64 ticks);
    [[nodiscard]] u64 compare() const { return state_.stimecmp; }
    void set_compare(u64 value);
    void reset() { timer_.cancel(); }
    void restored();

private:
    void expired();
    void arm();
    void restart();
    [[nodiscard]] u64 ticks_since_power_on() const;
    // The first nanosecond at which time() is stimecmp or more.
    [[nodiscard]] u64 deadline_ns() const;

    State& state_;
    Clock& clock_;
    const u64 timebase_hz_;
    const std::function<void()> raised_;
    std::mutex mutex_; // stimecmp and its level change together
    std::atomic<u64> offset_ticks_ = 0;
    Timer timer_;
};

} // namespace orrery::riscv
