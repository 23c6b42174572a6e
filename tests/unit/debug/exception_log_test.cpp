#include "accel/dbt/exception_log.hpp"

#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::dbt;

namespace {

// How many exceptions it took; 0: none was too many.
struct Loop {
    ExceptionLog log;
    u64 returns = 0;

    template <typename Next> u64 run(u64 most, Next next) {
        for (u64 i = 1; i <= most; ++i)
            if (next(i)) return i;
        return 0;
    }
    std::optional<StuckKind> exception(u64 pc, u64 returned_to, u64 fingerprint) {
        ++returns;
        return log.add({.pc = pc, .code = 13}, {returns, returned_to}, [=] { return fingerprint; });
    }
};

constexpr u64 many = 4 * u64{ExceptionLog::nested_of_a_loop};

} // namespace

TEST_CASE("an instruction that is tried again without any change is a loop") {
    Loop loop;
    CHECK(loop.run(many, [&](u64) { return loop.exception(0x100, 0x100, 7) == StuckKind::retry; }) ==
          ExceptionLog::retries_of_a_loop + 1);
}

TEST_CASE("an instruction that is tried again with other registers is none") {
    Loop loop;
    CHECK(loop.run(many, [&](u64 i) { return loop.exception(0x100, 0x100, i).has_value(); }) == 0);
}

TEST_CASE("an instruction that its handler does in its place is no loop, however often") {
    Loop loop;
    CHECK(loop.run(many, [&](u64) { return loop.exception(0x100, 0x104, 7).has_value(); }) == 0);
}

TEST_CASE("a handler that never returns is a loop after a long time") {
    Loop loop;
    const auto nested = [&](u64 i) {
        return loop.log.add({.pc = 0x200, .code = 7, .value = i}, {}, [] { return u64{0}; }) == StuckKind::nest;
    };
    CHECK(loop.run(many, nested) == ExceptionLog::nested_of_a_loop + 1);
}

TEST_CASE("exceptions that take turns are a loop, unless something changes") {
    const auto turns = [](u64 length, bool changes) {
        Loop loop;
        return loop.run(many, [&](u64 i) {
            const u64 pc = 0x100 + i % length;
            return loop.exception(pc, pc, changes ? i : 7) == StuckKind::chase;
        });
    };
    CHECK(turns(2, false) == 2 * u64{ExceptionLog::retries_of_a_loop} + 1);
    CHECK(turns(ExceptionLog::longest_cycle, false) == 8 * u64{ExceptionLog::retries_of_a_loop} + 1);
    CHECK(turns(2, true) == 0);
    CHECK(turns(ExceptionLog::longest_cycle + 1, false) == 0);
}

TEST_CASE("exceptions take no turns where a handler returns behind one of them") {
    Loop loop;
    const auto skipping = [&](u64 i) {
        const u64 pc = 0x100 + i % 2;
        return loop.exception(pc, i % 2 == 0 ? pc + 4 : pc, 7).has_value();
    };
    CHECK(loop.run(many, skipping) == 0);
}

TEST_CASE("handlers that raise two exceptions in turn and never return are a loop") {
    Loop loop;
    const auto nested = [&](u64 i) {
        return loop.log.add({.pc = 0x200 + i % 2, .code = 7}, {}, [] { return u64{0}; }) == StuckKind::nest;
    };
    CHECK(loop.run(many, nested) == 2 * u64{ExceptionLog::nested_of_a_loop} + 1);
}

TEST_CASE("the log keeps the last exceptions, and what a loop of two began with") {
    Loop loop;
    for (u64 pc = 0; pc < 100; ++pc) loop.exception(pc, 0, 0);
    CHECK(loop.log.records().size() == ExceptionLog::capacity);
    CHECK(loop.log.records().front().pc == 100 - ExceptionLog::capacity);
    for (u64 i = 0; i < 1000; ++i) loop.exception(1000 + i % 2, 0, 0);
    const std::vector<ExceptionRecord> records = loop.log.records();
    CHECK(records[records.size() - 3].pc == 99);
    CHECK(records.back().count == 500);
}
