// The terminal Orrery was started from, as the far end of a serial port: standard input and output, raw while the guest
// has it. It also works when either isn't a terminal. A process has one; its settings are put back at exit, when the
// process is stopped, and when a signal kills it.
#pragma once

#include <functional>
#include <memory>

#include "devices/host/character_stream.hpp"

namespace orrery {

class Terminal final : public StreamBackend {
public:
    // Ctrl-] and then a key. `b` (a break on the line) and Ctrl-] itself (that very character) are dealt with here; any
    // other key goes to the callback, on the event loop's thread under the machine lock.
    static constexpr u8 escape_key = 0x1d;
    using Escape = std::function<void(u8 key)>;

    // Without a callback the escape key goes to the guest like any other. Fails when the process has a Terminal
    // already.
    static Result<std::unique_ptr<Terminal>> create(EventLoop& loop, Escape escape);
    ~Terminal() override;

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

    Escape escape_;
    const bool interactive_; // standard input is a terminal
    bool after_escape_ = false;
    bool input_ended_ = false;
    bool output_failed_ = false;
};

} // namespace orrery
