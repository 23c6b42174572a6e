// The timers of a PC.
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
