#include "devices/input/i8042.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

using Codes = std::vector<u8>;

enum Pin : u32 { keyboard_irq, auxiliary_irq, a20 };
constexpr u64 byte_time_ns = 880'000;

struct Power final : PowerControl {
    void power_off(u32) override {}
    void reset() override { ++resets; }
    u32 resets = 0;
};

struct Bench : FakeBus {
    Bench() { chip.reset(); }
    u8 status() { return static_cast<u8>(chip.command_port().read(0, Width::byte)); }
    u8 data() { return static_cast<u8>(chip.data_port().read(0, Width::byte)); }
    void command(u8 value) { chip.command_port().write(0, value, Width::byte); }
    void send(u8 value) { chip.data_port().write(0, value, Width::byte); }
    u8 ask(u8 value) {
        command(value);
        return data();
    }
    void set_command_byte(u8 value) {
        command(0x60);
        send(value);
    }
    // Reads as a polling driver does, for as long as bytes come.
    Codes received() {
        Codes codes;
        for (u32 i = 0; i < 40; ++i) {
            advance(byte_time_ns);
            if (status() & 0x01) codes.push_back(data());
        }
        return codes;
    }

    FakeIrqSink pins;
    Power power;
    Ps2Keyboard keyboard{"keyboard", {}, clock};
    Ps2Mouse mouse{"mouse", {}, clock};
    I8042 chip{"i8042",  {},   clock, {pins.line(keyboard_irq), pins.line(auxiliary_irq), pins.line(a20), power},
               keyboard, mouse};
};

} // namespace

TEST_CASE("the controller passes its self test and its line tests") {
    Bench bench;
    REQUIRE(bench.status() == 0x10);
    REQUIRE(bench.ask(0xaa) == 0x55);
    REQUIRE((bench.status() & 0x0c) == 0x0c); // system flag; the last write was a command
    REQUIRE(bench.ask(0xab) == 0x00);
    REQUIRE(bench.ask(0xa9) == 0x00);
    REQUIRE(bench.ask(0xa4) == 0xf1);
    REQUIRE(bench.ask(0xc0) == 0x80);
}

TEST_CASE("the command byte and the rest of its memory are read and written") {
    Bench bench;
    bench.set_command_byte(0x74);
    REQUIRE(bench.ask(0x20) == 0x74);
    bench.command(0x7f);
    bench.send(0x5a);
    REQUIRE(bench.ask(0x3f) == 0x5a);
    bench.command(0xa8);
    bench.command(0xae);
    REQUIRE(bench.ask(0x20) == 0x44);
    bench.command(0xa7);
    bench.command(0xad);
    REQUIRE(bench.ask(0x20) == 0x74);
}

TEST_CASE("a key takes its time on the line, raises IRQ 1 and is read in set 1") {
    Bench bench;
    bench.keyboard.key(find_key("a")->key, true);
    bench.advance(byte_time_ns - 1);
    REQUIRE_FALSE(bench.pins.level(keyboard_irq));
    bench.advance(1);
    REQUIRE(bench.pins.level(keyboard_irq));
    REQUIRE((bench.status() & 0x21) == 0x01);
    REQUIRE(bench.data() == 0x1e);
    REQUIRE_FALSE(bench.pins.level(keyboard_irq));
    REQUIRE((bench.status() & 0x01) == 0);
    REQUIRE(bench.data() == 0x1e); // the buffer keeps what was read
}

TEST_CASE("no byte appears before the one before is read, and each raises the line anew") {
    Bench bench;
    for (const bool pressed : {true, false}) bench.keyboard.key(Key::up, pressed);
    bench.advance(100 * byte_time_ns);
    REQUIRE(bench.data() == 0xe0);
    REQUIRE((bench.status() & 0x01) == 0);
    bench.advance(byte_time_ns);
    REQUIRE(bench.data() == 0x48);
    REQUIRE(bench.received() == Codes{0xe0, 0xc8});
    REQUIRE(bench.pins.rises(keyboard_irq) == 4);
}

TEST_CASE("without translation the keyboard's own codes are read") {
    Bench bench;
    bench.set_command_byte(0x01);
    bench.keyboard.key(find_key("a")->key, true);
    bench.keyboard.key(find_key("a")->key, false);
    REQUIRE(bench.received() == Codes{0x1c, 0xf0, 0x1c});
}

TEST_CASE("translation leaves answers alone, but for the identity's second byte") {
    Bench bench;
    bench.send(0xf2);
    REQUIRE(bench.received() == Codes{0xfa, 0xab, 0x41});
    bench.send(0xff);
    REQUIRE(bench.received() == Codes{0xfa, 0xaa});
}

TEST_CASE("a disabled keyboard keeps its keys until it is enabled") {
    Bench bench;
    bench.command(0xad);
    bench.keyboard.key(find_key("a")->key, true);
    REQUIRE(bench.received().empty());
    bench.command(0xae);
    REQUIRE(bench.received() == Codes{0x1e});
}

TEST_CASE("a keyboard that is disabled while it sends begins the byte again") {
    Bench bench;
    bench.keyboard.key(find_key("a")->key, true);
    bench.advance(byte_time_ns / 2);
    bench.command(0xad);
    REQUIRE(bench.received().empty());
    bench.command(0xae);
    REQUIRE(bench.received() == Codes{0x1e});
}

TEST_CASE("writing to the keyboard enables it") {
    Bench bench;
    bench.command(0xad);
    bench.send(0xee);
    REQUIRE(bench.received() == Codes{0xee});
}

TEST_CASE("the mouse is written through D4, marked in the status and has IRQ 12") {
    Bench bench;
    bench.set_command_byte(0x43);
    bench.command(0xd4);
    bench.send(0xf4);
    bench.advance(byte_time_ns);
    REQUIRE((bench.status() & 0x21) == 0x21);
    REQUIRE(bench.pins.level(auxiliary_irq));
    REQUIRE_FALSE(bench.pins.level(keyboard_irq));
    REQUIRE(bench.data() == 0xfa);
    REQUIRE_FALSE(bench.pins.level(auxiliary_irq));
    bench.mouse.pointer({.right = 4}, {.left = true});
    REQUIRE(bench.received() == Codes{0x09, 4, 0});
}

TEST_CASE("a reply of the controller waits for the byte that is there") {
    Bench bench;
    bench.keyboard.key(find_key("a")->key, true);
    bench.advance(byte_time_ns);
    bench.command(0x20);
    REQUIRE(bench.data() == 0x1e);
    REQUIRE((bench.status() & 0x01) == 0x01);
    REQUIRE(bench.data() == 0x41);
}

TEST_CASE("D2 and D3 put a byte into the output buffer as if a device had sent it") {
    Bench bench;
    bench.set_command_byte(0x43);
    bench.command(0xd2);
    bench.send(0x1c); // not translated
    REQUIRE(bench.pins.level(keyboard_irq));
    REQUIRE(bench.data() == 0x1c);
    bench.command(0xd3);
    bench.send(0x77);
    REQUIRE(bench.pins.level(auxiliary_irq));
    REQUIRE((bench.status() & 0x20) == 0x20);
    REQUIRE(bench.data() == 0x77);
}

TEST_CASE("enabling the interrupt while a byte waits raises it") {
    Bench bench;
    bench.set_command_byte(0x40);
    bench.keyboard.key(find_key("a")->key, true);
    bench.advance(byte_time_ns);
    REQUIRE_FALSE(bench.pins.level(keyboard_irq));
    bench.set_command_byte(0x41);
    REQUIRE(bench.pins.level(keyboard_irq));
}

TEST_CASE("address line 20 is open after reset, and the output port and its short cuts move it") {
    Bench bench;
    REQUIRE(bench.pins.level(a20));
    REQUIRE((bench.ask(0xd0) & 0x03) == 0x03);
    bench.command(0xd1);
    bench.send(0xdd);
    REQUIRE_FALSE(bench.pins.level(a20));
    REQUIRE((bench.ask(0xd0) & 0x03) == 0x01);
    bench.command(0xdf);
    REQUIRE(bench.pins.level(a20));
    bench.command(0xdd);
    REQUIRE_FALSE(bench.pins.level(a20));
    REQUIRE(bench.power.resets == 0);
}

TEST_CASE("the reset pin is pulsed by FE and held by the output port") {
    Bench bench;
    bench.command(0xff); // no pin
    REQUIRE(bench.power.resets == 0);
    bench.command(0xfe);
    REQUIRE(bench.power.resets == 1);
    bench.command(0xd1);
    bench.send(0x02);
    REQUIRE(bench.power.resets == 2);
    REQUIRE(bench.pins.level(a20));
}

TEST_CASE("keyboard and mouse take turns on the output buffer") {
    Bench bench;
    bench.set_command_byte(0x43);
    bench.command(0xd4);
    bench.send(0xf4);
    REQUIRE(bench.received() == Codes{0xfa});
    bench.keyboard.key(Key::up, true);
    bench.mouse.pointer({.right = 4}, {});
    REQUIRE(bench.received() == Codes{0xe0, 0x08, 0x48, 4, 0});
}

TEST_CASE("a restored controller finishes the byte on the line and raises no edge before") {
    Bench bench;
    bench.keyboard.key(find_key("a")->key, true);
    bench.keyboard.key(find_key("a")->key, false);
    const std::vector<u8> saved = save(bench.chip);
    const std::vector<u8> saved_keyboard = save(bench.keyboard);
    bench.received();
    const u32 rises = bench.pins.rises(keyboard_irq);
    bench.time.set_ns(0);
    REQUIRE(restore(bench.keyboard, saved_keyboard));
    REQUIRE(restore(bench.chip, saved));
    REQUIRE(save(bench.chip) == saved);
    REQUIRE(bench.pins.rises(keyboard_irq) == rises);
    REQUIRE(bench.received() == Codes{0x1e, 0x9e});
}
