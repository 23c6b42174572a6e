#include "devices/timer/aclint.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 mtime = 0xbff8;
constexpr u64 mtimecmp(u64 hart) { return 0x4000 + hart * 8; }

// Pins 0 and 1 are hart 0's MSIP and MTIP, 2 and 3 hart 1's.
struct Bench : FakeBus {
    Bench() { plug(aclint, Aclint::window_size_bytes); }
    FakeIrqSink irq;
    Aclint aclint{"aclint", {}, clock, {{irq.line(0), irq.line(1)}, {irq.line(2), irq.line(3)}}};
};

} // namespace

TEST_CASE("MSIP keeps one bit, drives its hart's line, and others' registers read 0") {
    Bench bench;
    bench.write(4, 0xffff'ffff);
    REQUIRE(bench.read(4) == 1);
    REQUIRE(bench.irq.level(2));
    REQUIRE_FALSE(bench.irq.level(0));
    bench.write(4, 0xffff'fffe);
    REQUIRE_FALSE(bench.irq.level(2));
    bench.write(8, 1);
    REQUIRE(bench.read(8) == 0);
}

TEST_CASE("a 64-bit access reaches the MSIP of two harts") {
    Bench bench;
    bench.write(0, 0x1'0000'0001, Width::dword);
    REQUIRE((bench.irq.level(0) && bench.irq.level(2)));
    REQUIRE(bench.read(0, Width::dword) == 0x1'0000'0001);
}

TEST_CASE("mtime counts virtual time at 10 MHz and rounds down") {
    Bench bench;
    bench.advance(1'000'000'199);
    REQUIRE(bench.read(mtime, Width::dword) == 10'000'001);
    bench.advance(1);
    REQUIRE(bench.read(mtime, Width::dword) == 10'000'002);
    REQUIRE(bench.aclint.mtime() == 10'000'002);
}

TEST_CASE("mtime can be written whole and by halves and counts on from there") {
    Bench bench;
    bench.advance(5'000);
    bench.write(mtime, 1'000, Width::dword);
    bench.advance(1'000);
    REQUIRE(bench.read(mtime, Width::dword) == 1'010);
    bench.write(mtime + 4, 2);
    REQUIRE(bench.read(mtime, Width::dword) == 0x2'0000'03f2);
    REQUIRE(bench.read(mtime + 4) == 2);
}

TEST_CASE("MTIP rises exactly when mtime reaches mtimecmp and falls when mtimecmp moves on") {
    Bench bench;
    bench.write(mtimecmp(1), 50, Width::dword);
    bench.advance(4'999);
    REQUIRE_FALSE(bench.irq.level(3));
    bench.advance(1);
    REQUIRE(bench.irq.level(3));
    REQUIRE_FALSE(bench.irq.level(1));
    bench.write(mtimecmp(1), 100, Width::dword);
    REQUIRE_FALSE(bench.irq.level(3));
    bench.advance(5'000);
    REQUIRE(bench.irq.level(3));
}

TEST_CASE("an mtimecmp in the past raises MTIP at once") {
    Bench bench;
    bench.advance(10'000);
    bench.write(mtimecmp(0), 7, Width::dword);
    REQUIRE(bench.irq.level(1));
}

TEST_CASE("mtimecmp written by halves as 32-bit software does raises nothing in between") {
    Bench bench;
    bench.advance(10'000);
    bench.write(mtimecmp(0), 0xffff'ffff);
    bench.write(mtimecmp(0) + 4, 0);
    bench.write(mtimecmp(0), 200);
    REQUIRE(bench.irq.rises(1) == 0);
    bench.advance(10'000);
    REQUIRE(bench.irq.rises(1) == 1);
}

TEST_CASE("setting mtime forward raises the timers it passes") {
    Bench bench;
    bench.write(mtimecmp(0), 1'000'000, Width::dword);
    bench.write(mtime, 1'000'000, Width::dword);
    REQUIRE(bench.irq.level(1));
    bench.write(mtime, 999'999, Width::dword);
    REQUIRE_FALSE(bench.irq.level(1));
    bench.advance(100);
    REQUIRE(bench.irq.level(1));
}

TEST_CASE("a deadline beyond the end of virtual time never comes") {
    Bench bench;
    REQUIRE(bench.aclint.deadline_ns(~u64{0}) == never_ns);
    REQUIRE(bench.aclint.deadline_ns(10) == 1'000);
}

TEST_CASE("bytes are too narrow for the ACLINT") {
    Bench bench;
    REQUIRE_FALSE(bench.write(0, 1, Width::byte));
    REQUIRE_FALSE(bench.irq.level(0));
}

TEST_CASE("reset starts mtime at 0 again and a restored ACLINT fires when its time comes") {
    Bench bench;
    bench.write(mtimecmp(0), 100, Width::dword);
    const std::vector<u8> saved = save(bench.aclint);
    bench.advance(2'000);
    bench.aclint.reset();
    REQUIRE(bench.aclint.mtime() == 0);
    REQUIRE(restore(bench.aclint, saved));
    REQUIRE(bench.irq.rises(1) == 0);
    bench.advance(8'000);
    REQUIRE(bench.irq.rises(1) == 1);
}
