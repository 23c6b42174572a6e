#include "devices/input/i8042.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct NoPower final : PowerControl {
    void power_off(u32) override {}
    void reset() override {}
};

// The two ports side by side.
struct Ports final : IoHandler {
    explicit Ports(I8042& wrapped) : chip(wrapped) {}
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override { return port(offset).read(0, width); }
    void write(u64 offset, u64 value, Width width) override { port(offset).write(0, value, width); }
    [[nodiscard]] IoHandler& port(u64 offset) const { return offset % 2 ? chip.command_port() : chip.data_port(); }
    I8042& chip;
};

struct Rig {
    FakeBus bus;
    FakeIrqSink pins;
    NoPower power;
    Ps2Keyboard keyboard{"keyboard", {}, bus.clock};
    Ps2Mouse mouse{"mouse", {}, bus.clock};
    I8042 chip{"i8042", {}, bus.clock, {pins.line(0), pins.line(1), pins.line(2), power}, keyboard, mouse};
    Ports ports{chip};

    void run(Component& component) {
        fuzz_device(
            bus, ports, 2,
            {.offsets = {0, 1},
             .values = {0x60, 0xd4, 0xae, 0xa8, 0xf4, 0xf3, 200, 100, 80, 0xff, 0xf0, 3, 0xeb, 0xed, 0xd2, 0x43},
             .component = &component,
             .outside = [this](FuzzRandom& random) { play(random); }});
    }

    void play(FuzzRandom& random) {
        for (u64 keys = random.below(40); keys != 0; --keys)
            keyboard.key(static_cast<Key>(random.next()), random.one_in(2));
        REQUIRE(keyboard.room() <= Ps2Keyboard::queue_length);
        const auto number = [&] { return static_cast<i32>(random.edge()); };
        const PointerMotion motion{.right = number(), .down = number(), .wheel_down = number()};
        mouse.pointer(motion, {.left = random.one_in(2), .side = random.one_in(2)});
    }
};

} // namespace

TEST_CASE("the keyboard controller survives random commands, keys and moves") {
    Rig rig;
    rig.run(rig.chip);
}

TEST_CASE("the PS/2 keyboard survives random commands and damaged snapshots") {
    Rig rig;
    rig.run(rig.keyboard);
}

TEST_CASE("the PS/2 mouse survives random commands and damaged snapshots") {
    Rig rig;
    rig.run(rig.mouse);
}
