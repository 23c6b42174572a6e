#include "machine/fabric/log.hpp"

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

log::TracePoint trace_first{"log_test.first"};
log::TracePoint trace_second{"log_test.second"};

// What is logged while it lives.
class Capture {
public:
    Capture() {
        log::set_sink([this](log::Level level, std::string_view text) {
            lines.push_back(fmt::format("{}: {}", log::name(level), text));
        });
    }
    ~Capture() { log::set_sink({}); }
    std::vector<std::string> lines;
};

} // namespace

TEST_CASE("messages reach the sink with their level") {
    Capture capture;
    log::warning("{} of {}", 1, 2);
    log::info("ready");
    log::guest_error("log_test0", "bad register {:#x}", 0x44);
    CHECK(capture.lines ==
          std::vector<std::string>{"warning: 1 of 2", "info: ready", "guest error: log_test0: bad register 0x44"});
}

TEST_CASE("a guest that errs for ever fills a fixed number of lines a source, and is told of once") {
    Capture capture;
    for (u32 i = 0; i < 10 * log::guest_error_limit; ++i) log::guest_error("log_test1", "again {}", i);
    REQUIRE(capture.lines.size() == log::guest_error_limit + 1);
    CHECK(capture.lines.front() == "guest error: log_test1: again 0");
    CHECK(capture.lines.back() == "guest error: log_test1: more of this is not shown");
    log::guest_error("log_test2", "another source");
    CHECK(capture.lines.back() == "guest error: log_test2: another source");
}

TEST_CASE("trace points are silent until a pattern names them") {
    Capture capture;
    trace_first("unseen");
    CHECK(log::enable_traces("log_test.f*", true) == 1);
    CHECK(trace_first.enabled());
    CHECK_FALSE(trace_second.enabled());
    trace_first("value {}", 3);
    trace_second("unseen");
    CHECK(log::enable_traces("log_test.*", false) == 2);
    trace_first("unseen");
    CHECK(capture.lines == std::vector<std::string>{"trace: log_test.first: value 3"});
    CHECK(log::enable_traces("no such point", true) == 0);
    const auto names = log::trace_names();
    CHECK(std::ranges::is_sorted(names));
    CHECK(std::ranges::count(names, "log_test.second") == 1);
}
