// The machine lock. Taken in three places only: I/O dispatch (AddressSpace), event-loop dispatch, machine control.
// vCPU threads touch their own state, RAM and the code cache without it.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

namespace orrery {

class MachineLock {
public:
    void lock() {
        mutex_.lock();
        owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    void unlock() {
        owner_.store(std::thread::id{}, std::memory_order_relaxed);
        mutex_.unlock();
    }
    [[nodiscard]] bool held_by_this_thread() const {
        return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

private:
    std::mutex mutex_;
    std::atomic<std::thread::id> owner_{};
};

} // namespace orrery
