#include "accel/dbt/transfer_log.hpp"

#include "tests/support/catch.hpp"

using namespace orrery;
using dbt::TransferLog;

namespace {

Transfer jump(u64 number) { return {.from = number, .to = number + 1}; }

// "1x3 2x3": where each record comes from, and its count.
std::string text_of(const TransferLog& log) {
    std::string text;
    for (const Transfer& transfer : log.records())
        text += (text.empty() ? "" : " ") + std::to_string(transfer.from) + "x" + std::to_string(transfer.count);
    return text;
}

void add(TransferLog& log, std::initializer_list<u64> numbers) {
    for (const u64 number : numbers) log.add(jump(number));
}

} // namespace

TEST_CASE("transfers are kept in the order in which they came") {
    TransferLog log;
    add(log, {1, 2, 3, 1, 4});
    CHECK(text_of(log) == "1x1 2x1 3x1 1x1 4x1");
}

TEST_CASE("a loop is kept once, with what led into it") {
    TransferLog log;
    add(log, {7, 8});
    for (u64 i = 0; i < 1'000'000; ++i) add(log, {1, 2, 3});
    CHECK(text_of(log) == "7x1 8x1 1x1000000 2x1000000 3x1000000");
}

TEST_CASE("a loop that is left in the middle of a round shows that") {
    TransferLog log;
    add(log, {1, 2, 3, 1, 2, 3, 1, 2});
    CHECK(text_of(log) == "1x2 2x2 3x2 1x1 2x1");
    add(log, {9});
    CHECK(text_of(log) == "1x2 2x2 3x2 1x1 2x1 9x1");
}

TEST_CASE("no transfer of a loop within a loop is lost") {
    TransferLog log;
    for (u64 i = 0; i < 100; ++i) add(log, {1, 2, 2, 2, 3});
    u64 inner = 0, outer = 0;
    for (const Transfer& transfer : log.records()) (transfer.from == 2 ? inner : outer) += transfer.count;
    CHECK(inner == 300);
    CHECK(outer == 200);
    CHECK(log.records().size() < 10);
}

TEST_CASE("the longest loop leaves room for as many transfers before it") {
    TransferLog log;
    for (u64 i = 0; i < TransferLog::longest_loop; ++i) log.add(jump(1000 + i));
    for (u64 round = 0; round < 50; ++round)
        for (u64 i = 0; i < TransferLog::longest_loop; ++i) log.add(jump(i));
    const std::vector<Transfer> records = log.records();
    REQUIRE(records.size() == 2 * TransferLog::longest_loop);
    CHECK(records.front().from == 1000);
    CHECK(records.back().count == 50);
}

TEST_CASE("transfers that differ in kind or code only are different ones") {
    TransferLog log;
    log.add({.from = 1, .to = 2, .kind = TransferKind::call});
    log.add({.from = 1, .to = 2, .kind = TransferKind::jump});
    log.add({.from = 1, .to = 2, .code = 1, .kind = TransferKind::exception});
    log.add({.from = 1, .to = 2, .code = 2, .kind = TransferKind::exception});
    CHECK(log.records().size() == 4);
}

TEST_CASE("what never repeats fills the log with its newest") {
    TransferLog log;
    for (u64 i = 0; i < 1000; ++i) log.add(jump(i));
    CHECK(log.records().size() == TransferLog::capacity);
    CHECK(log.records().back().from == 999);
    log.clear();
    CHECK(log.records().empty());
}
