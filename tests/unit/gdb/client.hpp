// A debugger's side of a session: frames what it sends, checks and unframes what comes back.
#pragma once

#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "app/gdb/session.hpp"
#include "tests/unit/gdb/fake_target.hpp"

namespace orrery::app::gdb::test {

inline std::string framed(std::string_view payload) {
    unsigned sum = 0;
    for (const char byte : payload) sum += static_cast<u8>(byte);
    return fmt::format("${}#{:02x}", payload, sum & 0xff);
}

struct Client {
    explicit Client(FakeTarget& target) : session(target) {}

    void raw(std::string_view bytes) { session.receive({reinterpret_cast<const u8*>(bytes.data()), bytes.size()}); }
    std::string raw_output() {
        std::string out;
        while (!session.output().empty()) {
            out += session.output();
            session.sent(session.output().size());
        }
        return out;
    }
    // The payloads of all packets there are.
    std::deque<std::string> packets() {
        const std::string bytes = raw_output();
        std::deque<std::string> found;
        for (std::size_t at = bytes.find('$'); at != std::string::npos; at = bytes.find('$', at + 1)) {
            const std::size_t end = bytes.find('#', at);
            found.push_back(bytes.substr(at + 1, end - at - 1));
            if (framed(found.back()) != bytes.substr(at, end - at + 3)) throw std::runtime_error("wrong checksum");
            at = end;
        }
        return found;
    }
    // Of one packet the one reply; "(none)" if there is none, all of them joined by | if there are several.
    std::string ask(std::string_view payload) {
        raw(framed(payload));
        return next();
    }
    std::string next() {
        const std::deque<std::string> found = packets();
        if (found.empty()) return "(none)";
        return fmt::format("{}", fmt::join(found, "|"));
    }

    Session session;
};

inline std::string hex(std::string_view text) {
    std::string out;
    append_hex(out, text);
    return out;
}

} // namespace orrery::app::gdb::test
