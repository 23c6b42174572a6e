#include "machine/fabric/event_loop.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

namespace orrery {

Result<std::unique_ptr<EventLoop>> EventLoop::create(MachineLock& lock) {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return error("the host gives no event descriptor: {}", errno_text(errno));
    return std::unique_ptr<EventLoop>(new EventLoop(lock, fd));
}

EventLoop::~EventLoop() { ::close(wake_fd_); }

void EventLoop::add(PollSource& source) { sources_.push_back(&source); }
void EventLoop::remove(PollSource& source) { std::erase(sources_, &source); }

void EventLoop::post(std::function<void()> work) {
    {
        std::lock_guard guard(posted_mutex_);
        posted_.push_back(std::move(work));
    }
    wake();
}

void EventLoop::wake() {
    const u64 one = 1;
    // A full counter already wakes; nothing else can fail on an eventfd of ours.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

void EventLoop::run_posted() {
    std::vector<std::function<void()>> work;
    {
        std::lock_guard guard(posted_mutex_);
        work.swap(posted_);
    }
    if (work.empty()) return;
    std::lock_guard guard(lock_);
    for (auto& item : work) item();
}

void EventLoop::run_once(u64 timeout_ns) {
    descriptors_.clear();
    descriptors_.push_back({wake_fd_, POLLIN, 0});
    // A source may remove itself or others while dispatching, so walk a copy.
    const std::vector<PollSource*> sources = sources_;
    std::vector<std::size_t> first(sources.size() + 1);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        first[i] = descriptors_.size();
        sources[i]->prepare(descriptors_, timeout_ns);
    }
    first[sources.size()] = descriptors_.size();
    const timespec wait{static_cast<time_t>(timeout_ns / 1'000'000'000), static_cast<long>(timeout_ns % 1'000'000'000)};
    const bool forever = timeout_ns == ~u64{0};
    if (::ppoll(descriptors_.data(), descriptors_.size(), forever ? nullptr : &wait, nullptr) < 0)
        for (pollfd& descriptor : descriptors_) descriptor.revents = 0;
    if (descriptors_[0].revents != 0) {
        u64 count = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_fd_, &count, sizeof count);
    }
    run_posted();
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (std::ranges::find(sources_, sources[i]) == sources_.end()) continue;
        std::lock_guard guard(lock_);
        sources[i]->dispatch(std::span(descriptors_).subspan(first[i], first[i + 1] - first[i]));
    }
}

} // namespace orrery
