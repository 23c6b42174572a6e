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
    return running_ ? base_ns_ + (host_monotonic_ns() - started_at_ns_) : base_ns_;
}

void HostTime::set_ns(u64 ns) {
    std::lock_guard guard(mutex_);
    base_ns_ = ns;
    started_at_ns_ = host_monotonic_ns();
}

void HostTime::run(bool running) {
    std::lock_guard guard(mutex_);
    const u64 host = host_monotonic_ns();
    if (running_) base_ns_ += host - started_at_ns_;
    started_at_ns_ = host;
    running_ = running;
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
