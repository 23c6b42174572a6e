#include "devices/rtc/mc146818.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 second_ns = 1'000'000'000;
// 2024-02-28 (a Wednesday) 23:59:50
constexpr u64 power_on_seconds = 1'709'164'790;

struct Bench : FakeBus {
    Bench() {
        plug(rtc, Mc146818::ports_size_bytes);
        rtc.reset();
    }
    u64 get(u8 index) {
        write(0, index, Width::byte);
        return read(1, Width::byte);
    }
    void put(u8 index, u64 value) {
        write(0, index, Width::byte);
        write(1, value, Width::byte);
    }
    // Century, year, month, day, hours, minutes, seconds, two hexadecimal digits each.
    std::string date() {
        std::string text;
        for (const int index : {0x32, 9, 8, 7, 4, 2, 0}) text += fmt::format("{:02x}", get(static_cast<u8>(index)));
        return text;
    }
    FakeIrqSink irq;
    Mc146818 rtc{"rtc", {.power_on_seconds = power_on_seconds}, clock, {irq.line(0), irq.line(1)}};
};

} // namespace

TEST_CASE("the clock starts at the configured date in BCD and 24 hours, and follows virtual time over a leap day") {
    Bench bench;
    REQUIRE(bench.date() == "20240228235950");
    REQUIRE(bench.get(6) == 4);
    bench.advance(9 * second_ns);
    REQUIRE(bench.date() == "20240228235959");
    bench.advance(second_ns);
    REQUIRE(bench.date() == "20240229000000");
    REQUIRE(bench.get(6) == 5);
    bench.advance(307 * 86'400 * second_ns);
    REQUIRE(bench.date() == "20250101000000");
}

TEST_CASE("the century follows the year") {
    Bench bench;
    const u8 date[][2] = {{0x32, 0x19}, {9, 0x99}, {8, 0x12}, {7, 0x31}, {4, 0x23}, {2, 0x59}, {0, 0x59}};
    for (const auto& [index, value] : date) bench.put(index, value);
    bench.advance(second_ns);
    REQUIRE(bench.date() == "20000101000000");
}

TEST_CASE("binary and 12-hour formats are those of register B") {
    Bench bench;
    bench.put(0x0b, 0x80); // SET, BCD, 12 hours
    bench.put(4, 0x91);    // 11 PM
    bench.put(2, 0x59);
    bench.put(0, 0x59);
    bench.put(0x0b, 0x00);
    bench.advance(second_ns);
    REQUIRE(bench.get(4) == 0x12); // midnight is 12 AM
    bench.put(4, 0x11);
    bench.put(2, 0x59);
    bench.put(0, 0x59);
    bench.advance(second_ns);
    REQUIRE(bench.get(4) == 0x92);
    bench.put(0x0b, 0x06);
    bench.put(4, 21);
    bench.put(2, 59);
    bench.put(0, 59);
    bench.advance(second_ns);
    REQUIRE(bench.get(4) == 22);
    REQUIRE(bench.get(2) == 0);
}

TEST_CASE("SET stops the updates, and what was written stays") {
    Bench bench;
    bench.put(0x0b, 0x82);
    bench.put(0, 0x30);
    bench.advance(5 * second_ns);
    REQUIRE(bench.get(0) == 0x30);
    bench.put(0x0b, 0x02);
    bench.advance(second_ns);
    REQUIRE(bench.get(0) == 0x31);
}

TEST_CASE("SET clears the update-ended interrupt's enable") {
    Bench bench;
    bench.put(0x0b, 0xf2);
    REQUIRE(bench.get(0x0b) == 0xe2);
}

TEST_CASE("UIP announces an update at least 244 microseconds before, and its end is the new time") {
    Bench bench;
    bench.advance(second_ns - 2'300'000);
    REQUIRE(bench.get(0x0a) == 0x26);
    bench.advance(100'000);
    REQUIRE(bench.get(0x0a) == 0xa6);
    bench.advance(2'199'999);
    REQUIRE(bench.get(0x0a) == 0xa6);
    REQUIRE(bench.get(0) == 0x50);
    bench.advance(1);
    REQUIRE(bench.get(0x0a) == 0x26);
    REQUIRE(bench.get(0) == 0x51);
    bench.put(0x0b, 0x82);
    bench.advance(second_ns - 1'000);
    REQUIRE(bench.get(0x0a) == 0x26); // SET clears UIP
}

TEST_CASE("the divider chain stops the clock in reset and makes the first update half a second after") {
    Bench bench;
    bench.put(0x0a, 0x76);
    bench.advance(3 * second_ns);
    REQUIRE(bench.get(0) == 0x50);
    bench.put(0x0a, 0x26);
    bench.advance(second_ns / 2 - 1);
    REQUIRE(bench.get(0) == 0x50);
    bench.advance(1);
    REQUIRE(bench.get(0) == 0x51);
}

TEST_CASE("a divider released right after power-on still counts") {
    Bench bench;
    bench.put(0x0a, 0x76);
    bench.put(0x0a, 0x26);
    bench.put(0x0b, 0x12);
    bench.advance(second_ns / 2);
    REQUIRE(bench.irq.level());
}

TEST_CASE("the update-ended interrupt comes each second and stays until register C is read") {
    Bench bench;
    bench.put(0x0b, 0x12);
    bench.get(0x0c);
    bench.advance(second_ns - 1);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(1);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(0x0c) == 0xd0); // and the periodic flag, which isn't enabled
    REQUIRE_FALSE(bench.irq.level());
    REQUIRE(bench.get(0x0c) == 0);
    bench.advance(10 * second_ns);
    REQUIRE(bench.irq.rises() == 2);
}

TEST_CASE("flags are set without their enables, and IRQF is not") {
    Bench bench;
    bench.advance(second_ns);
    REQUIRE(bench.get(0x0c) == 0x50);
    REQUIRE(bench.irq.rises() == 0);
}

TEST_CASE("the periodic interrupt has the rate of register A") {
    Bench bench;
    bench.put(0x0a, 0x26); // 1024 Hz
    bench.put(0x0b, 0x42);
    bench.get(0x0c);
    for (u32 i = 0; i < 1024; ++i) {
        bench.advance(976'563);
        REQUIRE(bench.get(0x0c) & 0x40);
    }
    REQUIRE(bench.irq.rises() == 1024);
    bench.put(0x0a, 0x21); // 256 Hz with this time base
    bench.get(0x0c);
    bench.advance(3'900'000);
    const u32 before = bench.irq.rises();
    bench.advance(10'000);
    REQUIRE(bench.irq.rises() == before + 1);
    bench.get(0x0c);
    bench.put(0x0a, 0x20);
    bench.advance(10 * second_ns);
    REQUIRE(bench.irq.rises() == before + 1);
}

TEST_CASE("periods no one reads cost no more than the first") {
    Bench bench;
    bench.put(0x0a, 0x23);
    bench.put(0x0b, 0x42);
    bench.advance(100 * second_ns);
    REQUIRE(bench.irq.rises() == 1);
    REQUIRE(bench.clock.next_deadline_ns() == never_ns);
}

TEST_CASE("the alarm comes at its time of day, once a day") {
    Bench bench;
    bench.put(1, 0x05);
    bench.put(3, 0x01);
    bench.put(5, 0x00);
    bench.put(0x0b, 0x22);
    bench.advance(74 * second_ns);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(second_ns);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.date() == "20240229000105");
    REQUIRE((bench.get(0x0c) & 0xa0) == 0xa0);
    bench.advance(86'399 * second_ns);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(second_ns);
    REQUIRE(bench.irq.level());
}

TEST_CASE("alarm bytes of C0h and above match any time") {
    Bench bench;
    bench.put(1, 0x52);
    bench.put(3, 0xc0);
    bench.put(5, 0xff);
    bench.put(0x0b, 0x22);
    bench.advance(2 * second_ns);
    REQUIRE(bench.get(0x0c) == 0xf0);
    bench.advance(59 * second_ns);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(second_ns);
    REQUIRE(bench.irq.level());
}

TEST_CASE("an alarm whose bytes are no time never comes") {
    Bench bench;
    bench.put(1, 0x77);
    bench.put(3, 0xff);
    bench.put(5, 0xff);
    bench.put(0x0b, 0x22);
    bench.advance(200'000 * second_ns);
    REQUIRE(bench.get(0x0c) == 0x50);
}

TEST_CASE("registers C and D can't be written and D says that the battery is good") {
    Bench bench;
    bench.put(0x0c, 0xff);
    bench.put(0x0d, 0x00);
    REQUIRE(bench.get(0x0c) == 0);
    REQUIRE(bench.get(0x0d) == 0x80);
}

TEST_CASE("the memory keeps what is stored in both banks, also over a reset") {
    Bench bench;
    bench.rtc.set_memory(0x34, 0x12);
    bench.put(0x0f, 0x0a);
    bench.write(2, 0xff, Width::byte);
    bench.write(3, 0x77, Width::byte);
    bench.rtc.reset();
    REQUIRE(bench.get(0x34) == 0x12);
    REQUIRE(bench.get(0x0f) == 0x0a);
    bench.write(2, 0x7f, Width::byte);
    REQUIRE(bench.read(3, Width::byte) == 0x77);
    REQUIRE(bench.rtc.memory(0xff) == 0x77);
}

TEST_CASE("reset turns the interrupts off and leaves date and format alone") {
    Bench bench;
    bench.put(0x0b, 0x72);
    bench.advance(second_ns);
    REQUIRE(bench.irq.level());
    bench.rtc.reset();
    REQUIRE_FALSE(bench.irq.level());
    REQUIRE(bench.get(0x0b) == 0x02);
    REQUIRE(bench.get(0) == 0x51);
}

TEST_CASE("bit 7 of port 70h masks NMIs, and the index can't be read back") {
    Bench bench;
    REQUIRE(bench.irq.level(1));
    bench.write(0, 0x0d, Width::byte);
    REQUIRE_FALSE(bench.irq.level(1));
    bench.write(0, 0x8d, Width::byte);
    REQUIRE(bench.irq.level(1));
    REQUIRE(bench.read(1, Width::byte) == 0x80);
    REQUIRE(bench.read(0, Width::byte) == 0xff);
}

TEST_CASE("a restored clock interrupts when its time comes") {
    Bench bench;
    bench.put(0x0b, 0x12);
    const std::vector<u8> saved = save(bench.rtc);
    bench.advance(second_ns / 2);
    bench.rtc.reset();
    REQUIRE(restore(bench.rtc, saved));
    REQUIRE(save(bench.rtc) == saved);
    REQUIRE(bench.irq.rises() == 0);
    bench.advance(second_ns / 2);
    REQUIRE(bench.irq.rises() == 1);
}
