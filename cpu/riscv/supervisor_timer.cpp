#include "cpu/riscv/supervisor_timer.hpp"

#include <atomic>

#include "cpu/riscv/csr_bits.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 ns_per_second = 1'000'000'000;

} // namespace

SupervisorTimer::SupervisorTimer(State& state, Clock& clock, std::string name, u64 timebase_hz,
                                 std::function<void()> raised)
    : state_(state), clock_(clock), timebase_hz_(timebase_hz), raised_(std::move(raised)),
      timer_(clock, std::move(name), [this] { expired(); }) {}

u64 SupervisorTimer::ticks_since_power_on() const {
    return static_cast<u64>(static_cast<u128>(clock_.now_ns()) * timebase_hz_ / ns_per_second);
}

u64 SupervisorTimer::deadline_ns() const {
    const u64 elapsed = ticks_since_power_on();
    const u64 now = elapsed + offset_ticks_.load(std::memory_order_relaxed);
    const u64 ahead = state_.stimecmp > now ? state_.stimecmp - now : 0;
    const u128 ns = ((u128{elapsed} + ahead) * ns_per_second + timebase_hz_ - 1) / timebase_hz_;
    return ns >= never_ns ? never_ns : static_cast<u64>(ns);
}

void SupervisorTimer::arm() {
    const u64 deadline = deadline_ns();
    if (deadline == never_ns)
        timer_.cancel();
    else
        timer_.arm_at(deadline);
}

void SupervisorTimer::set_compare(u64 value) {
    bool due = false;
    {
        std::lock_guard guard(mutex_);
        state_.stimecmp = value;
        due = time() >= value;
        std::atomic_ref lines(state_.irq_lines);
        if (due) {
            lines.fetch_or(mip::stip);
            timer_.cancel();
        } else {
            lines.fetch_and(~mip::stip);
            arm();
        }
    }
    if (due) raised_();
}

// The clock lets the timer fire if it is due now.
void SupervisorTimer::set_offset(u64 ticks) {
    std::lock_guard guard(mutex_);
    offset_ticks_.store(ticks, std::memory_order_relaxed);
    if (time() < state_.stimecmp) std::atomic_ref(state_.irq_lines).fetch_and(~mip::stip);
    restart();
}

void SupervisorTimer::expired() {
    {
        std::lock_guard guard(mutex_);
        // stimecmp may have moved on while the clock was about to call.
        if (time() < state_.stimecmp) return;
        std::atomic_ref(state_.irq_lines).fetch_or(mip::stip);
    }
    raised_();
}

void SupervisorTimer::restored() {
    std::lock_guard guard(mutex_);
    restart();
}

void SupervisorTimer::restart() {
    if ((std::atomic_ref(state_.irq_lines).load() & mip::stip) == 0)
        arm();
    else
        timer_.cancel();
}

} // namespace orrery::riscv
