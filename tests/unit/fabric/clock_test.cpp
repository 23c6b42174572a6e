#include "machine/fabric/clock.hpp"

#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

namespace {

struct Fixture {
    test::FakeTime time;
    Clock clock{"clock", time};
    std::string fired;
    Timer a{clock, "a", [this] { fired += 'a'; }}, b{clock, "b", [this] { fired += 'b'; }},
        c{clock, "c", [this] { fired += 'c'; }};
};

} // namespace

TEST_CASE("timers fire by deadline, then in the order in which they were armed") {
    Fixture f;
    f.c.arm_at(20);
    f.b.arm_at(10);
    f.a.arm_at(20);
    CHECK(f.clock.next_deadline_ns() == 10);
    f.clock.run_due(9);
    CHECK(f.fired.empty());
    f.clock.run_due(10);
    CHECK(f.fired == "b");
    CHECK(f.clock.next_deadline_ns() == 20);
    f.clock.run_due(1000);
    CHECK(f.fired == "bca");
    CHECK(f.clock.next_deadline_ns() == never_ns);
    f.clock.run_due(2000);
    CHECK(f.fired == "bca");
}

TEST_CASE("arming a timer again moves it, cancelling takes it out, and so does its end") {
    Fixture f;
    f.a.arm_at(10);
    f.a.arm_at(30);
    f.b.arm_at(20);
    f.b.cancel();
    f.b.cancel();
    {
        Timer shortlived(f.clock, "shortlived", [&] { f.fired += 'x'; });
        shortlived.arm_at(5);
        CHECK(f.clock.next_deadline_ns() == 5);
    }
    CHECK(f.clock.next_deadline_ns() == 30);
    f.clock.run_due(29);
    CHECK(f.fired.empty());
    f.clock.run_due(30);
    CHECK(f.fired == "a");
}

TEST_CASE("a timer that fires may arm itself and cancel others that are due") {
    test::FakeTime time;
    Clock clock("clock", time);
    int ticks = 0;
    bool other_fired = false;
    Timer other(clock, "other", [&] { other_fired = true; });
    Timer tick(clock, "tick", [&] {
        other.cancel();
        if (++ticks < 3) tick.arm_at(static_cast<u64>(ticks) * 10);
    });
    tick.arm_at(0);
    other.arm_at(5);
    clock.run_due(100);
    CHECK(ticks == 3);
    CHECK_FALSE(other_fired);
}

TEST_CASE("only an earlier first deadline is announced") {
    Fixture f;
    int announced = 0;
    f.clock.on_earlier_deadline([&] { ++announced; });
    f.a.arm_at(100);
    CHECK(announced == 1);
    f.b.arm_at(200);
    f.c.arm_at(100);
    CHECK(announced == 1);
    f.b.arm_at(50);
    CHECK(announced == 2);
    f.b.arm_at(150); // now the first is 100 again, later than before
    f.b.cancel();
    CHECK(announced == 2);
    f.a.arm_at(99);
    CHECK(announced == 3);
}

TEST_CASE("a restored clock goes on from the saved time") {
    Fixture f;
    f.time.set_ns(12345);
    const std::vector<u8> saved = test::save(f.clock);
    f.time.set_ns(99);
    REQUIRE(test::restore(f.clock, saved));
    CHECK(f.clock.now_ns() == 12345);
    CHECK(test::save(f.clock) == saved);
    CHECK_FALSE(test::restore(f.clock, std::span(saved).first(7)));
}

namespace {

u64 counted = 0; // by a host's counter

} // namespace

TEST_CASE("host time may follow a counter, whose place and whose own then tell each other exactly") {
    HostTime time;
    CHECK_FALSE(time.origin());
    time.run(true);
    CHECK_FALSE(time.origin()); // nobody gave a counter
    time.run(false);
    time.set_ns(500);
    counted = 1'000'000;
    time.follow({.hz = 3'000'000'000, .now = [] { return counted; }});
    CHECK(time.now_ns() == 500);
    time.run(true);
    REQUIRE(time.origin());
    CHECK(time.origin()->ns == 500);
    CHECK(time.origin()->count == 1'000'000);
    counted += 3'000'000'000 * u64{86400} * 365; // no error adds up in a year
    CHECK(time.now_ns() == 500 + 1'000'000'000 * u64{86400} * 365);
    counted += 4; // 1.3 ns
    CHECK(time.now_ns() == 501 + 1'000'000'000 * u64{86400} * 365);
    time.run(false);
    CHECK_FALSE(time.origin());
    counted += 1'000'000'000'000;
    CHECK(time.now_ns() == 501 + 1'000'000'000 * u64{86400} * 365);
    time.run(true);
    REQUIRE(time.origin());
    CHECK(time.origin()->count == counted);
    CHECK(time.origin()->ns == time.now_ns());
}

TEST_CASE("host time goes on when its counter begins anew, and never back when it differs a little") {
    HostTime time;
    counted = 5'000'000'000'000;
    time.follow({.hz = 2'000'000'000, .now = [] { return counted; }});
    time.run(true);
    counted -= 100; // on another processor
    CHECK(time.now_ns() == 0);
    counted += 100 + 2'000'000'000;
    CHECK(time.now_ns() == 1'000'000'000);
    counted = 7; // the host has slept
    CHECK(time.now_ns() == 1'000'000'000);
    counted += 2'000;
    CHECK(time.now_ns() == 1'000'001'000);
    REQUIRE(time.origin());
    CHECK(time.origin()->ns == 1'000'000'000);
    CHECK(time.origin()->count == 7);
    time.run(false);
    counted = 3;
    time.run(true);
    CHECK(time.now_ns() == 1'000'001'000);
}

TEST_CASE("host time passes while running, stands still when stopped and continues where it was set") {
    using namespace std::chrono_literals;
    HostTime time;
    CHECK(time.now_ns() == 0);
    time.run(true);
    std::this_thread::sleep_for(2ms);
    time.run(false);
    const u64 stopped = time.now_ns();
    CHECK(stopped >= 2'000'000);
    std::this_thread::sleep_for(2ms);
    CHECK(time.now_ns() == stopped);
    time.set_ns(1'000'000'000'000);
    CHECK(time.now_ns() == 1'000'000'000'000);
    time.run(true);
    time.run(true); // no time is lost or counted twice
    std::this_thread::sleep_for(1ms);
    CHECK(time.now_ns() >= 1'000'001'000'000);
}
