#include "machine/fabric/clock.hpp"

#include <algorithm>

#include <time.h>

namespace orrery {
namespace {

u64 host_monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

} // namespace

u64 HostTime::now_ns() const {
    std::lock_guard guard(mutex_);
    if (!running_) return base_ns_;
    const u64 now = count(); // which may change the rest
    return base_ns_ + since_start_ns(now);
}

void HostTime::set_ns(u64 ns) {
    std::lock_guard guard(mutex_);
    started_at_ = count();
    base_ns_ = ns;
}

void HostTime::run(bool running) {
    std::lock_guard guard(mutex_);
    const u64 now = count();
    if (running_) base_ns_ += since_start_ns(now);
    started_at_ = now;
    running_ = running;
}

void HostTime::follow(const HostCounter& counter) {
    std::lock_guard guard(mutex_);
    counter_ = counter;
    started_at_ = last_ = counter.now();
}

std::optional<CounterOrigin> HostTime::origin() const {
    std::lock_guard guard(mutex_);
    if (!running_ || !counter_) return std::nullopt;
    return CounterOrigin{.ns = base_ns_, .count = started_at_};
}

// Far back is where a counter begins anew: time goes on from where it was. A little is how far those of the host's
// processors may be apart.
u64 HostTime::count() const {
    if (!counter_) return host_monotonic_ns();
    const u64 now = counter_->now();
    if (now < last_ && last_ - now > counter_->hz) {
        if (running_) base_ns_ += since_start_ns(last_);
        started_at_ = now;
    }
    last_ = now;
    return now;
}

// Whole seconds apart from the rest: what is multiplied stays within 64 bits.
u64 HostTime::since_start_ns(u64 count) const {
    const u64 passed = count - std::min(count, started_at_);
    if (!counter_) return passed;
    constexpr u64 ns_per_second = 1'000'000'000;
    return passed / counter_->hz * ns_per_second + passed % counter_->hz * ns_per_second / counter_->hz;
}

void Clock::state(StateVisitor& visitor) {
    restored_ns_ = now_ns();
    visit(visitor, "now_ns", restored_ns_);
}

void Clock::publish_next() {
    next_.store(armed_.empty() ? never_ns : armed_.front().deadline_ns, std::memory_order_release);
}

void Clock::arm(Timer& timer, u64 deadline_ns) {
    bool earlier = false;
    {
        std::lock_guard guard(mutex_);
        const u64 before = next_.load(std::memory_order_relaxed);
        std::erase_if(armed_, [&](const Armed& entry) { return entry.timer == &timer; });
        const Armed entry{deadline_ns, sequence_++, &timer};
        auto place = std::ranges::upper_bound(armed_, deadline_ns, {}, &Armed::deadline_ns);
        armed_.insert(place, entry);
        publish_next();
        earlier = next_.load(std::memory_order_relaxed) < before;
    }
    if (earlier && earlier_) earlier_();
}

void Clock::cancel(Timer& timer) {
    std::lock_guard guard(mutex_);
    if (std::erase_if(armed_, [&](const Armed& entry) { return entry.timer == &timer; }) != 0) publish_next();
}

std::vector<Clock::ArmedTimer> Clock::armed_timers() const {
    std::lock_guard guard(mutex_);
    std::vector<ArmedTimer> timers;
    for (const Armed& entry : armed_) timers.push_back({entry.timer->name_, entry.deadline_ns});
    return timers;
}

void Clock::run_due(u64 now_ns) {
    for (;;) {
        Timer* due = nullptr;
        {
            std::lock_guard guard(mutex_);
            if (armed_.empty() || armed_.front().deadline_ns > now_ns) return;
            due = armed_.front().timer;
            armed_.erase(armed_.begin());
            publish_next();
        }
        due->expired_();
    }
}

} // namespace orrery
