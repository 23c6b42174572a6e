// A session under arbitrary input: whatever the bytes are, it keeps to its bounds. Shared with tests/fuzz/formats.
#pragma once

#include <cstdlib>

#include "app/monitor/json_session.hpp"
#include "tests/unit/monitor/guest.hpp"

namespace orrery::app::monitor::test {

// The largest answer is the disassembly of a thousand instructions or all translations that an engine keeps.
constexpr std::size_t largest_answer_bytes = 4 * MiB;

// The first byte says into how large pieces the others are cut, and how fast output is taken. What the guest was told
// to do it does for a moment.
inline void feed_session(Guest& guest, std::span<const u8> input) {
    if (input.empty()) return;
    const std::size_t piece = 1 + (input[0] & 0x3f);
    const bool slow = (input[0] & 0x40) != 0;
    input = input.subspan(1);
    JsonSession session(guest.monitor);
    for (std::size_t at = 0; at < input.size(); at += piece) {
        session.receive(input.subspan(at, std::min(piece, input.size() - at)));
        if (session.busy() || guest.controller.running()) {
            guest.hardware.machine().events().post([&] { guest.controller.kill(); });
            guest.controller.run();
            if (guest.controller.running()) guest.controller.tell_end(0);
        }
        if (session.output().size() > JsonSession::output_limit_bytes + largest_answer_bytes) std::abort();
        session.sent(slow ? session.output().size() / 2 : session.output().size());
    }
    session.input_ended();
    // A command may bring about another one.
    do guest.controller.tell_end(0);
    while (session.busy());
    session.end();
    static_cast<void>(guest.ask("delete all"));
    static_cast<void>(guest.ask("trace off"));
}

} // namespace orrery::app::monitor::test
