// The terminal Orrery was started from, as the far end of a serial port: standard input and output, raw while the guest
// has it. It also works when either isn't a terminal. A process has one; its settings are put back at exit, when the
// process is stopped, and when a signal kills it.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "devices/host/character_stream.hpp"

namespace orrery {

class Terminal final : public StreamBackend {
public:
    // Ctrl-] and then a key. `b` (a break on the line) and Ctrl-] itself (that very character) are dealt with here; any
    // other key goes to the callback, on the event loop's thread under the machine lock.
    static constexpr u8 escape_key = 0x1d;
    struct Escape {
        std::function<void(u8 key)> key;
        // Called once when the terminal is there, if standard input is one.
        std::function<void(Terminal&)> opened;
    };

    // Without a callback the escape key goes to the guest like any other. Fails when the process has a Terminal
    // already.
    static Result<std::unique_ptr<Terminal>> create(EventLoop& loop, Escape escape);
    ~Terminal() override;

    // From now on all keys go to `keys` instead of the guest, on the event loop's thread under the machine lock; what
    // the guest writes to the same screen is held, up to a limit. Machine lock held, as for all that follows.
    void take_over(std::function<void(u8 key)> keys);
    // The guest has the terminal again, and what it wrote meanwhile is shown.
    void give_back();
    // Text of ours, on standard error.
    void show(std::string_view text);

    // CharacterBackend. Waits for the host, so that no output is lost.
    void write(std::span<const u8> characters) override;

    // PollSource
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

private:
    Terminal(EventLoop& loop, Escape escape, bool interactive)
        : StreamBackend(loop), escape_(std::move(escape)), interactive_(interactive) {}
    void accept(std::span<const u8> characters) override;
    void escaped(u8 key);
    void hold_output(std::span<const u8> characters);

    Escape escape_;
    const bool interactive_; // standard input is a terminal
    bool after_escape_ = false;
    std::function<void(u8 key)> keys_; // of whoever has taken the terminal over
    std::deque<u8> held_output_;
    u64 lost_output_ = 0; // characters that were held, and given up for later ones
    bool input_ended_ = false;
    bool output_failed_ = false;
};

} // namespace orrery
