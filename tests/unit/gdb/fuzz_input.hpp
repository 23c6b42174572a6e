// A session under arbitrary input: whatever the bytes are, it keeps to its bounds. Shared with tests/fuzz/formats.
#pragma once

#include <cstdlib>

#include "app/gdb/session.hpp"
#include "tests/unit/gdb/fake_target.hpp"

namespace orrery::app::gdb::test {

// The first byte says into how large pieces the others are cut. Leaves nothing behind in the target.
inline void feed_session(std::span<const u8> input) {
    FakeTarget target(64 * KiB);
    if (input.empty()) return;
    target.views[0].paging = (input[0] & 0x80) != 0;
    const std::size_t piece = 1 + (input[0] & 0x7f);
    input = input.subspan(1);
    {
        Session session(target);
        for (std::size_t at = 0; at < input.size(); at += piece) {
            session.receive(input.subspan(at, std::min(piece, input.size() - at)));
            if (session.output().size() > Session::output_limit_bytes + 4 * MiB) std::abort();
            session.sent(at % 3 == 0 ? session.output().size() : session.output().size() / 2);
            target.run_some(8);
            if (target.running() && at % 5 == 0) target.stop_now({.reason = Stop::Reason::watchpoint, .cpu = 1});
        }
        session.end();
        if (target.running() && !session.over()) target.stop_now({});
    }
    if (!target.listeners.empty()) std::abort();
    if (target.killed) return; // and with it all that was set
    if (!target.breakpoints.empty() || !target.watchpoints.empty()) std::abort();
}

} // namespace orrery::app::gdb::test
