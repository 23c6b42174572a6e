// The timers of a PC.
#include "devices/rtc/mc146818.hpp"
#include "devices/timer/i8254.hpp"
#include "devices/timer/system_control_b.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

TEST_CASE("the 8254 survives random control words, counts and gates") {
    FakeBus bus;
    FakeIrqSink irq;
    I8254 pit("pit", bus.clock, irq.line());
    SystemControlB port("port61", pit);
    const auto outside = [&](FuzzRandom& random) {
        pit.set_gate(static_cast<u32>(random.below(3)), random.one_in(2));
        port.write(0, random.next(), Width::byte);
        port.read(0, Width::byte);
        for (u32 counter = 0; counter < 3; ++counter) static_cast<void>(pit.out(counter));
    };
    fuzz_device(bus, pit, I8254::ports_size_bytes,
                {.values = {0x10, 0x14, 0x16, 0x34, 0x36, 0x35, 0x1b, 0xb4, 0xb6, 0x7a, 0xc0, 0xee, 0, 1, 2, 3},
                 .component = &pit,
                 .outside = outside});
}

TEST_CASE("the MC146818 survives dates, alarms and rates that are none") {
    FakeBus bus;
    FakeIrqSink irq;
    Mc146818 rtc("rtc", {.power_on_seconds = 1'700'000'000}, bus.clock, {irq.line(0), irq.line(1)});
    // Mostly the registers that do something.
    const auto outside = [&](FuzzRandom& random) {
        rtc.write(0, random.below(16), Width::byte);
        rtc.write(1, random.next(), Width::byte);
        if (random.one_in(4)) rtc.read(1, Width::byte);
    };
    fuzz_device(bus, rtc, Mc146818::ports_size_bytes,
                {.values = {0x00, 0x0a, 0x0b, 0x0c, 0x20, 0x23, 0x26, 0x60, 0x72, 0x7f, 0x80, 0xc0, 0xff},
                 .component = &rtc,
                 .outside = outside});
}
