// One program's session with the monitor: lines of JSON in, lines of JSON out. The README has the protocol. Bytes in
// and bytes out, on the event loop's thread under the machine lock.
#pragma once

#include <span>

#include "app/monitor/monitor.hpp"

namespace orrery::app::monitor {

class JsonSession {
public:
    // Longer lines get one error.
    static constexpr std::size_t line_limit_bytes = 64 * KiB;
    // With so much output waiting, nothing more is read and events are dropped. An answer that is begun may exceed it.
    static constexpr std::size_t output_limit_bytes = 256 * KiB;
    static constexpr int deepest_nesting = 8;

    // The monitor outlives it.
    explicit JsonSession(Monitor& monitor);
    JsonSession(const JsonSession&) = delete;
    JsonSession& operator=(const JsonSession&) = delete;

    void receive(std::span<const u8> bytes);
    // No more will come; what has come is answered still.
    void input_ended() { input_ended_ = true; }
    [[nodiscard]] bool wants_input() const;
    [[nodiscard]] std::string_view output() const { return std::string_view(output_).substr(sent_); }
    void sent(std::size_t bytes);

    void tell_stopped(const Stop& stop);
    void tell_running();

    // The client is gone: no output any more.
    void end();
    // A command that is under way still has to tell the session, so it must stay until then.
    [[nodiscard]] bool busy() const { return busy_; }
    // All is done and said.
    [[nodiscard]] bool finished() const { return ended_ || (input_ended_ && !busy_ && output().empty()); }

private:
    void process();
    void carry_out(std::string_view line);
    void answer(const Json& id, const Result<Answer>& answer);
    void answer_error(const Json& id, std::string_view sentence);
    void tell(const Json& event);
    void write(const Json& message);

    Monitor& monitor_;
    std::string input_;
    std::string output_;
    std::size_t sent_ = 0;  // bytes of output_
    bool skipping_ = false; // the rest of a line that was too long
    bool busy_ = false;
    bool processing_ = false;
    bool input_ended_ = false;
    bool ended_ = false;
    u64 dropped_events_ = 0;
};

} // namespace orrery::app::monitor
