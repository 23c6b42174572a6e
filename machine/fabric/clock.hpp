// Virtual time, the only time a guest ever sees, in nanoseconds since power-on. A TimeSource says how it flows: with
// the host's monotonic clock, or as a function of retired instructions (deterministic mode). Timers fire under the
// machine lock, on the thread that calls run_due().
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "machine/fabric/component.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

inline constexpr u64 never_ns = std::numeric_limits<u64>::max();

// A counter of the host's that never changes its pace. It may begin anew when the host has slept.
struct HostCounter {
    u64 hz = 0; // at most 18 GHz
    u64 (*now)() = nullptr;
};

// A moment at which virtual time was `ns` and the counter `count`; both have run ever since.
struct CounterOrigin {
    u64 ns = 0;
    u64 count = 0;
};

// How virtual time flows while the machine runs. Called from any thread.
class TimeSource {
public:
    virtual ~TimeSource() = default;
    [[nodiscard]] virtual u64 now_ns() const = 0;
    // Makes now_ns() continue from `ns` (after a restore).
    virtual void set_ns(u64 ns) = 0;
    // While stopped, time stands still.
    virtual void run(bool running) = 0;
    // Takes time from this counter, if it is the host's time at all. Before it runs.
    virtual void follow(const HostCounter&) {}
    // Empty while time stands still, and where it doesn't flow with a counter that someone gave.
    [[nodiscard]] virtual std::optional<CounterOrigin> origin() const { return std::nullopt; }
};

// The host's CLOCK_MONOTONIC or, so that something else that counts by it never drifts away, a given counter. Counts
// only while running.
class HostTime final : public TimeSource {
public:
    [[nodiscard]] u64 now_ns() const override;
    void set_ns(u64 ns) override;
    void run(bool running) override;
    void follow(const HostCounter& counter) override;
    [[nodiscard]] std::optional<CounterOrigin> origin() const override;

private:
    [[nodiscard]] u64 count() const;
    [[nodiscard]] u64 since_start_ns(u64 count) const;

    mutable std::mutex mutex_;
    std::optional<HostCounter> counter_;
    bool running_ = false;
    mutable u64 base_ns_ = 0;
    mutable u64 started_at_ = 0; // by the counter, else in nanoseconds
    mutable u64 last_ = 0;       // read, the same way
};

class Timer;

class Clock final : public Component {
public:
    Clock(std::string name, TimeSource& source) : Component(std::move(name)), source_(source) {}

    [[nodiscard]] u64 now_ns() const { return source_.now_ns(); }
    // See TimeSource.
    void follow(const HostCounter& counter) { source_.follow(counter); }
    [[nodiscard]] std::optional<CounterOrigin> origin() const { return source_.origin(); }
    // The earliest armed deadline, never_ns if there is none. Any thread.
    [[nodiscard]] u64 next_deadline_ns() const { return next_.load(std::memory_order_acquire); }
    // Fires every timer whose deadline is at or before `now`, in order of deadline, then of arming. Machine lock held.
    void run_due(u64 now_ns);
    // For people; ascending.
    struct ArmedTimer {
        std::string name;
        u64 deadline_ns;
    };
    [[nodiscard]] std::vector<ArmedTimer> armed_timers() const;
    // Called, on the arming thread, when the earliest deadline became earlier.
    void on_earlier_deadline(std::function<void()> callback) { earlier_ = std::move(callback); }

    [[nodiscard]] std::string_view type() const override { return "clock"; }
    void reset() override {}
    void state(StateVisitor& visitor) override;
    void restored() override { source_.set_ns(restored_ns_); }

private:
    friend class Timer;
    struct Armed {
        u64 deadline_ns;
        u64 sequence;
        Timer* timer;
    };
    void arm(Timer& timer, u64 deadline_ns);
    void cancel(Timer& timer);
    void publish_next();

    TimeSource& source_;
    mutable std::mutex mutex_;
    std::vector<Armed> armed_; // sorted by (deadline, sequence); machines have tens of timers, not thousands
    u64 sequence_ = 0;
    std::atomic<u64> next_ = never_ns;
    std::function<void()> earlier_;
    u64 restored_ns_ = 0;
};

// One deadline of a device or CPU. Whether and when it is armed is state of its owner, which re-arms it in restored().
class Timer {
public:
    // The name is for people, who know its owner by it.
    Timer(Clock& clock, std::string name, std::function<void()> expired)
        : clock_(clock), name_(std::move(name)), expired_(std::move(expired)) {}
    ~Timer() { clock_.cancel(*this); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Fires once virtual time reaches `deadline_ns`; at once (from the event loop, not from here) if it is past.
    void arm_at(u64 deadline_ns) { clock_.arm(*this, deadline_ns); }
    void cancel() { clock_.cancel(*this); }
    [[nodiscard]] Clock& clock() const { return clock_; }

private:
    friend class Clock;
    Clock& clock_;
    std::string name_;
    std::function<void()> expired_;
};

} // namespace orrery
