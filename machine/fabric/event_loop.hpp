// The host side of the machine: one thread that waits for file descriptors, posted work and virtual-time deadlines, and
// dispatches each under the machine lock. Host threads never call a device; they post() here.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <poll.h>

#include "machine/fabric/lock.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// Something with descriptors of its own (a terminal, a socket, a whole user-mode network stack).
class PollSource {
public:
    virtual ~PollSource() = default;
    // Appends the descriptors to wait for, and may lower `timeout_ns` (host time).
    virtual void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) = 0;
    // The same descriptors with their revents, also after a time-out. Machine lock held.
    virtual void dispatch(std::span<const pollfd> descriptors) = 0;
};

class EventLoop {
public:
    static Result<std::unique_ptr<EventLoop>> create(MachineLock& lock);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Sources are added before the loop runs, or from its own thread.
    void add(PollSource& source);
    void remove(PollSource& source);
    // Runs `work` on the loop's thread under the machine lock. Any thread.
    void post(std::function<void()> work);
    // Makes a waiting run_once() return early. Any thread, and signal handlers.
    void wake();
    // Waits up to `timeout_ns` (host time) for anything, dispatches it, returns. Does not fire virtual timers.
    void run_once(u64 timeout_ns);

private:
    EventLoop(MachineLock& lock, int wake_fd) : lock_(lock), wake_fd_(wake_fd) {}
    void run_posted();

    MachineLock& lock_;
    int wake_fd_;
    std::vector<PollSource*> sources_;
    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;
    std::vector<pollfd> descriptors_;
};

} // namespace orrery
