// The layout of the PC's keyboard and mouse states against tests/golden/pc_input_state.txt.
#include "devices/input/i8042.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

TEST_CASE("the states of the PC's input devices have the layout of their versions") {
    struct Power final : PowerControl {
        void power_off(u32) override {}
        void reset() override {}
    } power;
    test::FakeBus bus;
    Ps2Keyboard keyboard("keyboard", {}, bus.clock);
    Ps2Mouse mouse("mouse", {}, bus.clock);
    I8042 controller("i8042", {}, bus.clock, {{}, {}, {}, power}, keyboard, mouse);
    test::Schemas found;
    for (Component* component : std::initializer_list<Component*>{&keyboard, &mouse, &controller}) found.add(*component);
    found.compare("pc_input_state.txt");
}
