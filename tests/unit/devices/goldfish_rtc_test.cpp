#include "devices/rtc/goldfish_rtc.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

enum Register : u64 {
    time_low = 0x00,
    time_high = 0x04,
    alarm_low = 0x08,
    alarm_high = 0x0c,
    irq_enabled = 0x10,
    clear_alarm = 0x14,
    alarm_status = 0x18,
    clear_interrupt = 0x1c,
};

constexpr u64 power_on_ns = 1'700'000'000'000'000'000;

struct Bench : FakeBus {
    Bench() { plug(rtc, GoldfishRtc::window_size_bytes); }
    u64 date() {
        const u64 low = read(time_low);
        return low | read(time_high) << 32;
    }
    void set_alarm(u64 at_ns) {
        write(alarm_high, at_ns >> 32);
        write(alarm_low, at_ns);
    }
    FakeIrqSink irq;
    GoldfishRtc rtc{"rtc", {.power_on_ns = power_on_ns}, clock, irq.line()};
};

} // namespace

TEST_CASE("the clock starts at the configured date and follows virtual time") {
    Bench bench;
    REQUIRE(bench.date() == power_on_ns);
    bench.advance(5'000'000'000);
    REQUIRE(bench.date() == power_on_ns + 5'000'000'000);
}

TEST_CASE("reading the low half latches the high half") {
    Bench bench;
    bench.read(time_low);
    const u64 high = bench.read(time_high);
    bench.advance(10'000'000'000);
    REQUIRE(bench.read(time_high) == high);
}

TEST_CASE("the guest can set the date") {
    Bench bench;
    bench.write(time_high, 0x11);
    bench.write(time_low, 0x22);
    bench.advance(1);
    REQUIRE(bench.date() == 0x11'0000'0023);
}

TEST_CASE("the alarm goes off at its date, once, and its interrupt stays until it is cleared") {
    Bench bench;
    bench.write(irq_enabled, 1);
    bench.set_alarm(power_on_ns + 1'000);
    REQUIRE(bench.read(alarm_status) == 1);
    bench.advance(999);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(1);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.read(alarm_status) == 0);
    bench.write(clear_interrupt, 1);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("an alarm that was cleared does not go off") {
    Bench bench;
    bench.write(irq_enabled, 1);
    bench.set_alarm(power_on_ns + 1'000);
    bench.write(clear_alarm, 1);
    bench.advance(10'000);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("an alarm that goes off while disabled interrupts once enabled") {
    Bench bench;
    bench.set_alarm(power_on_ns - 1);
    bench.advance(0);
    REQUIRE_FALSE(bench.irq.level());
    bench.write(irq_enabled, 1);
    REQUIRE(bench.irq.level());
}

TEST_CASE("a restored alarm still goes off") {
    Bench bench;
    bench.write(irq_enabled, 1);
    bench.set_alarm(power_on_ns + 1'000);
    const std::vector<u8> saved = save(bench.rtc);
    bench.rtc.reset();
    REQUIRE(restore(bench.rtc, saved));
    REQUIRE(bench.irq.rises() == 0);
    bench.advance(1'000);
    REQUIRE(bench.irq.level());
}
