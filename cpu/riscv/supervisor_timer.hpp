// The `time` counter and the timer interrupt of Sstc: stimecmp against time, as a level in State::irq_lines. The hart's
// thread writes stimecmp, the clock's thread lets the timer fire.
#pragma once

#include <functional>
#include <mutex>

#include "cpu/riscv/state.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery::riscv {

class SupervisorTimer {
public:
    // `raised` is called, on either thread, when the comparison becomes true.
    SupervisorTimer(State& state, Clock& clock, u64 timebase_hz, std::function<void()> raised);

    [[nodiscard]] u64 time() const;
    [[nodiscard]] u64 compare() const { return state_.stimecmp; }
    void set_compare(u64 value);
    void reset() { timer_.cancel(); }
    void restored();

private:
    void expired();
    void arm();
    // The first nanosecond at which time() is `ticks`.
    [[nodiscard]] u64 deadline_ns(u64 ticks) const;

    State& state_;
    Clock& clock_;
    const u64 timebase_hz_;
    const std::function<void()> raised_;
    std::mutex mutex_; // stimecmp and its level change together
    Timer timer_;
};

} // namespace orrery::riscv
