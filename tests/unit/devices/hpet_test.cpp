#include "devices/timer/hpet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

namespace tn {
enum : u64 {
    level = 1u << 1,
    enable = 1u << 2,
    periodic = 1u << 3,
    set_value = 1u << 6,
    bits_32 = 1u << 8,
    message = 1u << 14
};
}

constexpr u64 configuration = 0x010;
constexpr u64 status = 0x020;
constexpr u64 counter = 0x0f0;
constexpr u64 conf(u64 n) { return 0x100 + 0x20 * n; }
constexpr u64 comparator(u64 n) { return conf(n) + 8; }
constexpr u64 message_route(u64 n) { return conf(n) + 16; }
constexpr u64 route(u64 input) { return input << 9; }
constexpr u32 legacy_irq0 = 40;
constexpr u32 legacy_irq8 = 41;

struct RecordingMessages final : MsiSink {
    void message(GuestPhysical address, u32 data) override { got.emplace_back(address.value, data); }
    std::vector<std::pair<u64, u32>> got;
};

struct Bench : FakeBus {
    Bench() { plug(hpet, Hpet::window_size_bytes); }
    Hpet::Lines lines() {
        Hpet::Lines all{{irq.line(legacy_irq0), irq.line(legacy_irq8)}, {}, &messages};
        for (u32 input = 0; input < 24; ++input) all.io_apic.push_back(irq.line(input));
        return all;
    }
    u64 get(u64 offset) { return read(offset, Width::dword); }
    void put(u64 offset, u64 value) { write(offset, value, Width::dword); }
    FakeIrqSink irq;
    RecordingMessages messages;
    Hpet hpet{"hpet", {}, clock, lines()};
};

} // namespace

TEST_CASE("the HPET tells three 64-bit comparators, legacy replacement and a period of 10 ns") {
    Bench bench;
    REQUIRE(bench.get(0) == 0x0098'9680'8086'a201);
    REQUIRE(bench.read(4) == 10'000'000);
    REQUIRE(bench.get(conf(1)) == 0x00f0'0000'0000'8030);
    REQUIRE(bench.get(comparator(2)) == ~u64{0});
}

TEST_CASE("the counter stands until it is enabled, can be set, and keeps its value when halted") {
    Bench bench;
    bench.advance(1'000);
    REQUIRE(bench.get(counter) == 0);
    bench.put(counter, 500);
    bench.put(configuration, 1);
    bench.advance(1'000);
    REQUIRE(bench.get(counter) == 600);
    bench.put(configuration, 0);
    bench.advance(1'000);
    REQUIRE(bench.get(counter) == 600);
    bench.write(counter + 4, 7);
    REQUIRE(bench.get(counter) == 0x7'0000'0258);
}

TEST_CASE("a comparator interrupts its route once when the counter equals it") {
    Bench bench;
    bench.put(conf(0), tn::enable | route(21));
    bench.put(comparator(0), 100);
    bench.put(configuration, 1);
    bench.advance(999);
    REQUIRE(bench.irq.rises(21) == 0);
    bench.advance(1);
    REQUIRE(bench.irq.rises(21) == 1);
    REQUIRE(bench.get(status) == 0);
    bench.advance(u64{100} * 1'000'000'000);
    REQUIRE(bench.irq.rises(21) == 1);
}

TEST_CASE("a comparator in 32-bit mode matches again each time the counter wraps") {
    Bench bench;
    bench.put(conf(0), tn::enable | tn::bits_32 | route(21));
    bench.put(comparator(0), 0xffff'ffff'0000'0064);
    REQUIRE(bench.get(comparator(0)) == 0x64);
    bench.put(configuration, 1);
    bench.advance(1'000);
    REQUIRE(bench.irq.rises(21) == 1);
    bench.advance((u64{1} << 32) * 10 - 1);
    REQUIRE(bench.irq.rises(21) == 1);
    bench.advance(1);
    REQUIRE(bench.irq.rises(21) == 2);
}

TEST_CASE("a periodic comparator moves on by its period, from where VAL_SET put it") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(1), tn::enable | tn::periodic | tn::set_value | route(22));
    bench.put(comparator(1), 5'000);
    REQUIRE((bench.get(conf(1)) & tn::set_value) == 0);
    bench.put(comparator(1), 2'000);
    REQUIRE(bench.get(comparator(1)) == 5'000);
    bench.advance(50'000);
    REQUIRE(bench.irq.rises(22) == 1);
    REQUIRE(bench.get(comparator(1)) == 7'000);
    bench.advance(20'000 * 10);
    REQUIRE(bench.irq.rises(22) == 11);
    REQUIRE(bench.get(comparator(1)) == 27'000);
}

TEST_CASE("a level-triggered comparator holds its line until its status is cleared") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(2), tn::enable | tn::level | route(23));
    bench.put(comparator(2), 10);
    bench.advance(100);
    REQUIRE(bench.irq.level(23));
    REQUIRE(bench.get(status) == 4);
    bench.put(status, 3);
    REQUIRE(bench.irq.level(23));
    bench.put(status, 4);
    REQUIRE_FALSE(bench.irq.level(23));
}

TEST_CASE("while it may not interrupt, a level-triggered comparator still sets its status") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(2), tn::level | route(23));
    bench.put(comparator(2), 10);
    bench.advance(100);
    REQUIRE(bench.get(status) == 4);
    REQUIRE_FALSE(bench.irq.level(23));
    bench.put(conf(2), tn::enable | tn::level | route(23));
    REQUIRE(bench.irq.level(23));
    bench.put(configuration, 0);
    REQUIRE_FALSE(bench.irq.level(23));
}

TEST_CASE("a route that is not offered is not taken") {
    Bench bench;
    bench.put(conf(0), route(20));
    bench.put(conf(0), route(3));
    REQUIRE((bench.get(conf(0)) & route(31)) == route(20));
}

TEST_CASE("the 8254 and the RTC interrupt until they are replaced") {
    Bench bench;
    bench.hpet.set_irq(Hpet::from_8254, true);
    bench.hpet.set_irq(Hpet::from_rtc, true);
    REQUIRE((bench.irq.level(legacy_irq0) && bench.irq.level(legacy_irq8)));
    bench.put(configuration, 3);
    REQUIRE_FALSE((bench.irq.level(legacy_irq0) || bench.irq.level(legacy_irq8)));
    bench.hpet.set_irq(Hpet::from_8254, false);
    bench.hpet.set_irq(Hpet::from_8254, true);
    REQUIRE_FALSE(bench.irq.level(legacy_irq0));
    bench.put(conf(0), tn::enable | tn::periodic | tn::set_value);
    bench.put(comparator(0), 100'000);
    const u32 before = bench.irq.rises(legacy_irq0);
    bench.advance(3'000'000);
    REQUIRE(bench.irq.rises(legacy_irq0) == before + 3);
    bench.put(configuration, 1);
    REQUIRE(bench.irq.level(legacy_irq8)); // the RTC's own again
}

TEST_CASE("a comparator can send its interrupt as a message") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(message_route(0), 0xfee0'1000'0000'0041);
    bench.put(conf(0), tn::enable | tn::message);
    bench.put(comparator(0), 100);
    bench.advance(1'000);
    REQUIRE(bench.messages.got == std::vector<std::pair<u64, u32>>{{0xfee0'1000, 0x41}});
}

TEST_CASE("a comparator set in the middle of a tick matches at a tick") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(0), tn::enable | route(21));
    bench.advance(1'005);
    bench.put(comparator(0), 101);
    bench.advance(5);
    REQUIRE(bench.irq.rises(21) == 1);
}

TEST_CASE("setting a comparator to the present matches at once, to the past not before the counter wraps") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(0), tn::enable | route(21));
    bench.advance(1'000);
    bench.put(comparator(0), 100);
    bench.advance(0);
    REQUIRE(bench.irq.rises(21) == 1);
    bench.put(comparator(0), 99);
    bench.advance(u64{1000} * 1'000'000'000);
    REQUIRE(bench.irq.rises(21) == 1);
}

TEST_CASE("the shortest period costs a bounded number of events and loses no time") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(0), tn::enable | tn::periodic | tn::set_value | route(21));
    bench.put(comparator(0), 1);
    bench.advance(1'000'000'000);
    REQUIRE(bench.irq.rises(21) > 50'000);
    REQUIRE(bench.irq.rises(21) <= 100'001);
    REQUIRE(bench.get(comparator(0)) == 100'000'001);
}

TEST_CASE("a restored HPET interrupts at the same time") {
    Bench bench;
    bench.put(configuration, 1);
    bench.put(conf(0), tn::enable | route(21));
    bench.put(comparator(0), 100);
    const std::vector<u8> saved = save(bench.hpet);
    bench.hpet.reset();
    REQUIRE(restore(bench.hpet, saved));
    REQUIRE(save(bench.hpet) == saved);
    bench.advance(999);
    REQUIRE(bench.irq.rises(21) == 0);
    bench.advance(1);
    REQUIRE(bench.irq.rises(21) == 1);
}
