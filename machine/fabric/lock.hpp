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

// Holds the lock for a scope. A vCPU takes it to enter a device; whoever comes from the event loop has it.
class MachineEntry {
public:
    explicit MachineEntry(MachineLock& lock) : lock_(lock, std::defer_lock) {
        if (!lock.held_by_this_thread()) lock_.lock();
    }

private:
    std::unique_lock<MachineLock> lock_;
};

} // namespace orrery
