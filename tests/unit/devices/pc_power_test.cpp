#include "devices/firmware/acpi_pm.hpp"
#include "devices/firmware/debug_ports.hpp"
#include "devices/firmware/reset_ports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

#include <optional>

using namespace orrery;
using namespace orrery::test;

namespace {

struct RecordingPower final : PowerControl {
    void power_off(u32 code) override { exit_code = code; }
    void reset() override { ++resets; }
    std::optional<u32> exit_code;
    u32 resets = 0;
};

constexpr u64 status = 0;
constexpr u64 enable = 2;
constexpr u64 control = 4;
constexpr u64 timer = 8;
constexpr u64 event_status = 0x0c;
constexpr u64 event_enable = 0x0e;
constexpr Frequency pm_clock(AcpiPm::timer_hz);

struct Bench : FakeBus {
    Bench() { plug(pm, AcpiPm::ports_size_bytes); }
    u64 get(u64 offset) { return read(offset, Width::half); }
    void put(u64 offset, u64 value) { write(offset, value, Width::half); }
    FakeIrqSink irq;
    RecordingPower power;
    AcpiPm pm{"pm", {.soft_off_type = 5}, clock, irq.line(), power};
};

} // namespace

TEST_CASE("the power management timer counts 24 bits at 3.579545 MHz") {
    Bench bench;
    bench.advance(1'000'000'000);
    REQUIRE(bench.read(timer) == 3'579'545);
    bench.advance(4'000'000'000);
    REQUIRE(bench.read(timer) == (u64{5} * 3'579'545 & 0xff'ffff));
    bench.write(timer, 0);
    REQUIRE(bench.read(timer) != 0);
}

TEST_CASE("the timer's status is set and interrupts each time its highest bit changes") {
    Bench bench;
    bench.put(enable, 1);
    bench.advance(pm_clock.ns_at(0x80'0000) - 1);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(1);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(status) == 1);
    bench.put(status, 1);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(pm_clock.ns_at(0x100'0000) - bench.time.now_ns());
    REQUIRE(bench.irq.level());
}

TEST_CASE("the timer's status is set also while it is not enabled") {
    Bench bench;
    bench.advance(3'000'000'000);
    REQUIRE(bench.get(status) == 1);
    REQUIRE_FALSE(bench.irq.level());
    bench.put(enable, 1);
    REQUIRE(bench.irq.level());
}

TEST_CASE("system management mode looks set up to firmware, so that it is left alone") {
    Bench bench;
    constexpr u64 smi_enable = 0x30;
    bench.write(smi_enable, 0);
    REQUIRE((bench.read(smi_enable) & 1 << 5) != 0);
}

TEST_CASE("the power button asks the guest") {
    Bench bench;
    bench.pm.press_power_button();
    REQUIRE_FALSE(bench.irq.level());
    bench.put(enable, 0x100);
    REQUIRE(bench.irq.level());
    bench.write(status + 1, 0x01, Width::byte);
    REQUIRE_FALSE(bench.irq.level());
    REQUIRE(bench.get(enable) == 0x100);
}

TEST_CASE("general purpose events are edges that stay until they are cleared") {
    Bench bench;
    bench.put(event_enable, 0x0002);
    bench.pm.set_irq(1, true);
    REQUIRE(bench.irq.level());
    bench.put(event_status, 0x0002);
    REQUIRE_FALSE(bench.irq.level());
    bench.pm.set_irq(1, true);
    REQUIRE_FALSE(bench.irq.level());
    bench.pm.set_irq(1, false);
    bench.pm.set_irq(1, true);
    bench.pm.set_irq(16, true);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(event_status) == 0x0002);
}

TEST_CASE("SLP_EN with the type of soft-off ends the machine, other types wake at once") {
    Bench bench;
    REQUIRE(bench.get(control) == 1);
    bench.put(control, 0x2401);
    REQUIRE_FALSE(bench.power.exit_code.has_value());
    REQUIRE(bench.get(status) == 0x8000);
    bench.put(control, 0x1400);
    REQUIRE_FALSE(bench.power.exit_code.has_value());
    bench.put(control, 0x3400);
    REQUIRE(bench.power.exit_code == 0u);
    REQUIRE(bench.get(control) == 0x1401);
}

TEST_CASE("a restored power management block interrupts when its timer carries") {
    Bench bench;
    bench.put(enable, 1);
    const std::vector<u8> saved = save(bench.pm);
    bench.pm.reset();
    REQUIRE(restore(bench.pm, saved));
    REQUIRE(bench.irq.rises() == 0);
    bench.advance(3'000'000'000);
    REQUIRE(bench.irq.rises() == 1);
}

TEST_CASE("CF9h resets the machine when RST_CPU rises") {
    RecordingPower power;
    ResetControl port("cf9", power);
    port.write(0, 0x02, Width::byte);
    REQUIRE(power.resets == 0);
    port.write(0, 0x06, Width::byte);
    REQUIRE(power.resets == 1);
    port.write(0, 0x0e, Width::byte);
    REQUIRE(power.resets == 1);
    REQUIRE(port.read(0, Width::byte) == 0x0e);
}

TEST_CASE("port 92h opens the gate of A20 and resets when bit 0 rises") {
    FakeIrqSink a20;
    RecordingPower power;
    SystemControlA port("port92", a20.line(), power);
    port.write(0, 0x02, Width::byte);
    REQUIRE(a20.level());
    REQUIRE(port.read(0, Width::byte) == 0x02);
    port.write(0, 0x03, Width::byte);
    port.write(0, 0x03, Width::byte);
    REQUIRE(power.resets == 1);
    port.reset();
    REQUIRE_FALSE(a20.level());
}

TEST_CASE("the debug exit port gives twice the value and one") {
    RecordingPower power;
    DebugExit port("exit", power);
    port.write(0, 0x10, Width::byte);
    REQUIRE(power.exit_code == 33u);
    port.write(0, 0, Width::word);
    REQUIRE(power.exit_code == 1u);
}

TEST_CASE("the debug console says that it is there and passes characters on") {
    struct Backend final : CharacterBackend {
        void write(std::span<const u8> characters) override { text.append(characters.begin(), characters.end()); }
        std::string text;
    } backend;
    DebugConsole console("console", backend);
    REQUIRE(console.read(0, Width::byte) == 0xe9);
    for (const char character : {'h', 'i'}) console.write(0, static_cast<u64>(character), Width::byte);
    REQUIRE(backend.text == "hi");
}
