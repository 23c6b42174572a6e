#include "devices/host/character_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <unistd.h>

#include "machine/fabric/log.hpp"

namespace orrery {

void Descriptor::close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

bool write_fully(int descriptor, std::span<const u8> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd ready{descriptor, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void ignore_broken_pipes() {
    struct sigaction current{};
    ::sigaction(SIGPIPE, nullptr, &current);
    if (current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

// ---- OutputQueue ----

void OutputQueue::attach(int descriptor) {
    std::lock_guard guard(mutex_);
    descriptor_ = descriptor;
    queued_.clear();
    overflow_ = 0;
}

std::size_t OutputQueue::write_some(std::span<const u8> bytes) const {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) return static_cast<std::size_t>(written);
    // A full peer is waited for; a failed one is found by whoever reads from it, and its output goes nowhere.
    return errno == EAGAIN || errno == EINTR ? 0 : bytes.size();
}

bool OutputQueue::write(std::span<const u8> bytes) {
    std::lock_guard guard(mutex_);
    if (descriptor_ < 0) {
        dropped_ += bytes.size();
        return false;
    }
    if (queued_.empty()) bytes = bytes.subspan(write_some(bytes));
    const std::size_t kept = std::min(bytes.size(), limit_bytes - queued_.size());
    queued_.insert(queued_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept));
    dropped_ += bytes.size() - kept;
    overflow_ += bytes.size() - kept;
    return !queued_.empty();
}

void OutputQueue::flush() {
    std::lock_guard guard(mutex_);
    if (descriptor_ < 0 || queued_.empty()) return;
    queued_.erase(queued_.begin(), queued_.begin() + static_cast<std::ptrdiff_t>(write_some(queued_)));
    if (!queued_.empty() || overflow_ == 0) return;
    log::warning("a serial port's reader was too slow: {} characters of output were dropped", overflow_);
    overflow_ = 0;
}

bool OutputQueue::waiting() const {
    std::lock_guard guard(mutex_);
    return !queued_.empty();
}

u64 OutputQueue::dropped() const {
    std::lock_guard guard(mutex_);
    return dropped_;
}

// ---- StreamBackend ----

void StreamBackend::resume_input() {
    if (held_back_.load(std::memory_order_relaxed)) loop_.wake();
}

bool StreamBackend::read_input(int descriptor) {
    std::array<u8, 4096> buffer; // NOLINT: filled by read()
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got > 0) accept(std::span(buffer).first(static_cast<std::size_t>(got)));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void StreamBackend::accept(std::span<const u8> characters) { hold(characters); }

void StreamBackend::hold(std::span<const u8> characters) {
    held_.insert(held_.end(), characters.begin(), characters.end());
}

void StreamBackend::offer_held() {
    if (!held_.empty() && receiver()) {
        const std::size_t taken = receiver()->receive(held_);
        held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    held_back_.store(!held_.empty(), std::memory_order_relaxed);
}

} // namespace orrery
