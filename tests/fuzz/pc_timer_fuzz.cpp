// The timers, the clock and the power management of a PC.
#include "devices/firmware/acpi_pm.hpp"
#include "devices/firmware/debug_ports.hpp"
#include "devices/firmware/reset_ports.hpp"
#include "devices/rtc/mc146818.hpp"
#include "devices/timer/hpet.hpp"
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

TEST_CASE("the HPET survives random comparators, periods and routes") {
    FakeBus bus;
    FakeIrqSink irq;
    struct Messages final : MsiSink {
        void message(GuestPhysical, u32) override {}
    } messages;
    Hpet::Lines lines{{irq.line(30), irq.line(31)}, {}, &messages};
    for (u32 input = 0; input < 24; ++input) lines.io_apic.push_back(irq.line(input));
    Hpet hpet("hpet", {.routes = ~u32{0}}, bus.clock, lines);
    const auto outside = [&](FuzzRandom& random) { hpet.set_irq(static_cast<u32>(random.below(3)), random.one_in(2)); };
    fuzz_device(bus, hpet, Hpet::window_size_bytes,
                {.offsets = {0x10, 0x20, 0xf0, 0xf4, 0x100, 0x108, 0x110, 0x120, 0x128, 0x140, 0x148},
                 .values = {0, 1, 3, 0x4, 0x6, 0xc, 0x4c, 0x14c, 0x4004, 0xa00c, 100, 10'000, 0xffff'ffff},
                 .component = &hpet,
                 .outside = outside});
}

namespace {

struct Power final : PowerControl {
    void power_off(u32) override {}
    void reset() override {}
};

} // namespace

TEST_CASE("the power management block survives random accesses and events") {
    FakeBus bus;
    FakeIrqSink irq;
    Power power;
    AcpiPm pm("pm", {}, bus.clock, irq.line(), power);
    const auto outside = [&](FuzzRandom& random) {
        pm.set_irq(static_cast<u32>(random.below(18)), random.one_in(2));
        if (random.one_in(16)) pm.press_power_button();
    };
    fuzz_device(bus, pm, AcpiPm::ports_size_bytes,
                {.offsets = {0, 1, 2, 4, 8, 0xc, 0xe},
                 .values = {1, 0x101, 0x2000, 0x2401, 0x8721, 0xffff},
                 .component = &pm,
                 .outside = outside});
}

TEST_CASE("the reset and debug ports survive random accesses") {
    FakeBus bus;
    Power power;
    NullCharacterBackend backend;
    ResetControl reset_control("cf9", power);
    SystemControlA port_a("port92", {}, power);
    DebugExit debug_exit("exit", power);
    DebugConsole debug_console("console", backend);
    fuzz_device(bus, reset_control, 1, {.accesses = 5'000, .component = &reset_control});
    fuzz_device(bus, port_a, 1, {.accesses = 5'000, .component = &port_a});
    fuzz_device(bus, debug_exit, 4, {.accesses = 5'000, .component = &debug_exit});
    fuzz_device(bus, debug_console, 1, {.accesses = 5'000, .component = &debug_console});
}
