// Lets one thread change what running vCPUs rely on without locks (their TLBs and jump tables, linked code): a vCPU is
// inside the gate while it runs translated code and may be anywhere in it; an exclusive section waits until every other
// vCPU is outside. vCPUs look at wanted() every few microseconds, and are outside whenever they wait for a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::dbt {

class ExclusiveGate {
public:
    void enter() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !exclusive_ && wanted_.load(std::memory_order_relaxed) == 0; });
        inside_.push_back(std::this_thread::get_id());
    }
    // True if the thread was inside.
    bool leave() {
        std::lock_guard lock(mutex_);
        const bool was_inside = take_out();
        if (wanted_.load(std::memory_order_relaxed) != 0) changed_.notify_all();
        return was_inside;
    }
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed) != 0; }

    // Runs `work` while no other thread is inside. The caller may be inside or not, and is as before afterwards.
    template <typename Work> void run_exclusive(Work&& work) {
        std::unique_lock lock(mutex_);
        const bool was_inside = take_out();
        wanted_.fetch_add(1, std::memory_order_relaxed);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !exclusive_ && inside_.empty(); });
        exclusive_ = true;
        lock.unlock();
        work();
        lock.lock();
        exclusive_ = false;
        wanted_.fetch_sub(1, std::memory_order_relaxed);
        if (was_inside) inside_.push_back(std::this_thread::get_id());
        changed_.notify_all();
    }

    // Outside for a scope: around everything that may wait. Does nothing on a thread that isn't inside.
    class Outside {
    public:
        explicit Outside(ExclusiveGate& gate) : gate_(gate), was_inside_(gate.leave()) {}
        ~Outside() {
            if (was_inside_) gate_.enter();
        }
        Outside(const Outside&) = delete;
        Outside& operator=(const Outside&) = delete;

    private:
        ExclusiveGate& gate_;
        bool was_inside_;
    };

private:
    bool take_out() {
        const auto found = std::ranges::find(inside_, std::this_thread::get_id());
        if (found == inside_.end()) return false;
        inside_.erase(found);
        return true;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::thread::id> inside_;
    bool exclusive_ = false;
    std::atomic<u32> wanted_ = 0;
};

} // namespace orrery::dbt
