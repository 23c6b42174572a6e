// The parts from which character back ends with a file descriptor are made: input that waits for the guest, output that
// waits for the host. The event loop's thread reads; vCPU threads write, under the machine lock.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "devices/serial/character.hpp"
#include "machine/fabric/event_loop.hpp"

namespace orrery {

// A descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        close();
        number_ = std::exchange(other.number_, -1);
        return *this;
    }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool open() const { return number_ >= 0; }
    void close();

private:
    int number_ = -1;
};

// Writes all of it, waiting for as long as the host wants. False: the other end is gone or the host failed.
bool write_fully(int descriptor, std::span<const u8> bytes);

// A write to a pipe without a reader shall be an error we can see, not the end of the process.
void ignore_broken_pipes();

// Output that never waits: what the descriptor can't take now is kept, up to a limit, and what is beyond it is dropped.
class OutputQueue {
public:
    static constexpr std::size_t limit_bytes = 256 * KiB;

    // Without a descriptor everything is dropped. Discards what was queued for the one before.
    void attach(int descriptor);
    // True: something stays queued, so someone must wait for POLLOUT and call flush().
    bool write(std::span<const u8> bytes);
    void flush();
    [[nodiscard]] bool waiting() const;
    // How many characters found neither the host nor the queue ready.
    [[nodiscard]] u64 dropped() const;

private:
    [[nodiscard]] std::size_t write_some(std::span<const u8> bytes) const;

    mutable std::mutex mutex_;
    int descriptor_ = -1;
    std::vector<u8> queued_;
    u64 dropped_ = 0;
    u64 overflow_ = 0; // what was dropped since the queue was last empty
};

// A back end with a stream of input. A derived class polls and reads its descriptor and gives what it read to accept().
class StreamBackend : public CharacterBackend, public PollSource {
public:
    explicit StreamBackend(EventLoop& loop) : loop_(loop) { loop_.add(*this); }
    ~StreamBackend() override { loop_.remove(*this); }
    StreamBackend(const StreamBackend&) = delete;
    StreamBackend& operator=(const StreamBackend&) = delete;

    void resume_input() override;

protected:
    static constexpr std::size_t held_limit_bytes = 64 * KiB;

    // Whether reading on makes sense: beyond the limit the host side has to wait.
    [[nodiscard]] bool wants_input() const { return held_.size() < held_limit_bytes; }
    // Reads once. False: end of input.
    bool read_input(int descriptor);
    // Offers the guest what is held. Machine lock held.
    void offer_held();
    // What arrived, in order; a derived class may take keys of its own out of it.
    virtual void accept(std::span<const u8> characters);
    void hold(std::span<const u8> characters);
    [[nodiscard]] EventLoop& loop() const { return loop_; }

private:
    EventLoop& loop_;
    std::vector<u8> held_; // the loop's thread only
    std::atomic<bool> held_back_ = false;
};

} // namespace orrery
