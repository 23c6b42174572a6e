#include "devices/input/ps2_keyboard.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

using Codes = std::vector<u8>;

struct Bench : FakeBus {
    Codes sent() {
        Codes codes;
        while (keyboard.has_byte()) codes.push_back(keyboard.take_byte());
        return codes;
    }
    Codes send(std::initializer_list<u8> bytes) {
        Codes codes;
        for (const u8 byte : bytes) {
            keyboard.receive(byte);
            for (const u8 answer : sent()) codes.push_back(answer);
        }
        return codes;
    }
    void press(std::string_view name) { keyboard.key(find_key(name)->key, true); }
    void release(std::string_view name) { keyboard.key(find_key(name)->key, false); }

    Ps2Keyboard keyboard{"keyboard", {}, clock};
};

} // namespace

TEST_CASE("the keyboard sends set 2 from power-on, a make code down and a break code up") {
    Bench bench;
    bench.press("a");
    REQUIRE(bench.sent() == Codes{0x1c});
    bench.press("a"); // the host repeats it
    REQUIRE(bench.sent() == Codes{0x1c});
    bench.release("a");
    bench.press("up");
    bench.release("up");
    REQUIRE(bench.sent() == Codes{0xf0, 0x1c, 0xe0, 0x75, 0xe0, 0xf0, 0x75});
}

TEST_CASE("the reset command is acknowledged at once and its self test ends later") {
    Bench bench;
    bench.press("a");
    REQUIRE(bench.send({0xff}) == Codes{0xfa});
    bench.press("b"); // no one looks at the keys meanwhile
    bench.advance(4'900'000);
    REQUIRE(bench.sent().empty());
    bench.advance(200'000);
    REQUIRE(bench.sent() == Codes{0xaa});
}

TEST_CASE("the keyboard identifies itself, echoes, resends and refuses what it doesn't know") {
    Bench bench;
    REQUIRE(bench.send({0xf2}) == Codes{0xfa, 0xab, 0x83});
    REQUIRE(bench.send({0xfe}) == Codes{0x83});
    REQUIRE(bench.send({0xee}) == Codes{0xee});
    REQUIRE(bench.send({0xef}) == Codes{0xfe});
    REQUIRE(bench.send({0x42}) == Codes{0xfe});
}

TEST_CASE("indicators and rate are set by an argument, and a command may come in its place") {
    Bench bench;
    REQUIRE(bench.send({0xed, 0x05}) == Codes{0xfa, 0xfa});
    REQUIRE(bench.keyboard.leds() == 5);
    REQUIRE(bench.send({0xf3, 0x20}) == Codes{0xfa, 0xfa});
    REQUIRE(bench.send({0xed, 0xf2}) == Codes{0xfa, 0xfa, 0xab, 0x83});
    REQUIRE(bench.keyboard.leds() == 5);
}

TEST_CASE("a disabled keyboard sends no keys, forgets those that wait and knows of none when it is enabled") {
    Bench bench;
    bench.press("shift");
    REQUIRE(bench.send({0xf5}) == Codes{0xfa});
    bench.press("a");
    bench.release("shift");
    REQUIRE(bench.sent().empty());
    REQUIRE(bench.send({0xf4}) == Codes{0xfa});
    bench.press("print");
    REQUIRE(bench.sent() == Codes{0xe0, 0x12, 0xe0, 0x7c}); // no Shift is held
}

TEST_CASE("set 3 gives every key one code, a break code to a few, and repeats only what types") {
    Bench bench;
    REQUIRE(bench.send({0xf0, 0x03, 0xf0, 0x00}) == Codes{0xfa, 0xfa, 0xfa, 0xfa, 0x03});
    bench.press("up");
    bench.press("up");
    bench.release("up");
    REQUIRE(bench.sent() == Codes{0x63, 0x63});
    bench.press("ctrl");
    bench.press("ctrl");
    bench.release("ctrl");
    REQUIRE(bench.sent() == Codes{0x11, 0xf0, 0x11});
    bench.press("f1");
    bench.press("f1");
    bench.release("f1");
    REQUIRE(bench.sent() == Codes{0x07});
}

TEST_CASE("in set 3 the host chooses what repeats and what has a break code") {
    Bench bench;
    bench.send({0xf0, 0x03});
    REQUIRE(bench.send({0xf8}) == Codes{0xfa}); // all make and break
    bench.press("a");
    bench.press("a");
    bench.release("a");
    REQUIRE(bench.sent() == Codes{0x1c, 0xf0, 0x1c});
    REQUIRE(bench.send({0xfd, 0x1c, 0x32, 0xf4}) == Codes{0xfa, 0xfa, 0xfa, 0xfa}); // a and b: make only
    bench.press("b");
    bench.press("b");
    bench.release("b");
    bench.press("c");
    bench.release("c");
    REQUIRE(bench.sent() == Codes{0x32, 0x21, 0xf0, 0x21});
    REQUIRE(bench.send({0xf6, 0xf0, 0x00}) == Codes{0xfa, 0xfa, 0xfa, 0x02});
}

TEST_CASE("set 1 is spoken without a controller's help, and there is no set 4") {
    Bench bench;
    bench.send({0xf0, 0x01});
    bench.press("delete");
    bench.release("delete");
    REQUIRE(bench.sent() == Codes{0xe0, 0x53, 0xe0, 0xd3});
    REQUIRE(bench.send({0xf0, 0x04}) == Codes{0xfa, 0xfe});
}

TEST_CASE("a full queue refuses presses and delivers every release in the end") {
    Bench bench;
    bench.press("shift");
    while (bench.keyboard.room() != 0) REQUIRE(bench.keyboard.key(find_key("a")->key, true));
    REQUIRE_FALSE(bench.keyboard.key(find_key("b")->key, true));
    REQUIRE(bench.keyboard.key(find_key("a")->key, false));
    REQUIRE(bench.keyboard.key(find_key("shift")->key, false));
    REQUIRE(bench.keyboard.room() == 0); // nothing may overtake them
    const Codes codes = bench.sent();
    REQUIRE(codes.size() == 1 + Ps2Keyboard::queue_length + 4);
    REQUIRE(Codes(codes.end() - 4, codes.end()) == Codes{0xf0, 0x1c, 0xf0, 0x12});
    REQUIRE(bench.keyboard.room() == Ps2Keyboard::queue_length);
}

TEST_CASE("a restored keyboard ends its self test and sends what it had to") {
    Bench bench;
    bench.send({0xff});
    const std::vector<u8> saved = save(bench.keyboard);
    bench.keyboard.reset();
    bench.press("a");
    REQUIRE(restore(bench.keyboard, saved));
    REQUIRE(save(bench.keyboard) == saved);
    bench.advance(6'000'000);
    REQUIRE(bench.sent() == Codes{0xaa});
}
