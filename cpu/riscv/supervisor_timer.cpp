#include "cpu/riscv/supervisor_timer.hpp"

#include <atomic>

#include "cpu/riscv/csr_bits.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 ns_per_second = 1'000'000'000;

} // namespace

SupervisorTimer::SupervisorTimer(State& state, Clock& clock, u64 timebase_hz, std::function<void()> raised)
    : state_(state), clock_(clock), timebase_hz_(timebase_hz), raised_(std::move(raised)),
      timer_(clock, [this] { expired(); }) {}

u64 SupervisorTimer::time() const {
    return static_cast<u64>(static_cast<u128>(clock_.now_ns()) * timebase_hz_ / ns_per_second);
}

u64 SupervisorTimer::deadline_ns(u64 ticks) const {
    const u128 ns = (static_cast<u128>(ticks) * ns_per_second + timebase_hz_ - 1) / timebase_hz_;
    return ns >= never_ns ? never_ns : static_cast<u64>(ns);
}

void SupervisorTimer::arm() {
    const u64 deadline = deadline_ns(state_.stimecmp);
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
    if ((std::atomic_ref(state_.irq_lines).load() & mip::stip) == 0)
        arm();
    else
        timer_.cancel();
}

} // namespace orrery::riscv
