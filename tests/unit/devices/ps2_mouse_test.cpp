#include "devices/input/ps2_mouse.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

using Codes = std::vector<u8>;

struct Bench : FakeBus {
    Codes sent() {
        Codes codes;
        while (mouse.has_byte()) codes.push_back(mouse.take_byte());
        return codes;
    }
    Codes send(std::initializer_list<u8> bytes) {
        Codes codes;
        for (const u8 byte : bytes) {
            mouse.receive(byte);
            for (const u8 answer : sent()) codes.push_back(answer);
        }
        return codes;
    }
    // All that comes in a second.
    Codes packets() {
        Codes codes = sent();
        for (u32 i = 0; i < 100; ++i) {
            advance(10'000'000);
            for (const u8 byte : sent()) codes.push_back(byte);
        }
        return codes;
    }
    void knock(std::initializer_list<u8> rates) {
        for (const u8 rate : rates) REQUIRE(send({0xf3, rate}) == Codes{0xfa, 0xfa});
    }

    Ps2Mouse mouse{"mouse", {}, clock};
};

} // namespace

TEST_CASE("the mouse resets, identifies itself and says how it is set") {
    Bench bench;
    REQUIRE(bench.send({0xff}) == Codes{0xfa});
    bench.advance(6'000'000);
    REQUIRE(bench.sent() == Codes{0xaa, 0x00});
    REQUIRE(bench.send({0xf2}) == Codes{0xfa, 0x00});
    REQUIRE(bench.send({0xe9}) == Codes{0xfa, 0x00, 0x02, 100});
    bench.send({0xe8, 0x03, 0xf3, 40, 0xe7, 0xf4});
    REQUIRE(bench.send({0xe9}) == Codes{0xfa, 0x30, 0x03, 40});
    REQUIRE(bench.send({0xf6, 0xe9}) == Codes{0xfa, 0xfa, 0x00, 0x02, 100});
    REQUIRE(bench.send({0x11}) == Codes{0xfe});
}

TEST_CASE("nothing is reported before reporting is enabled") {
    Bench bench;
    bench.mouse.pointer({.right = 5}, {.left = true});
    REQUIRE(bench.packets().empty());
    REQUIRE(bench.send({0xf4}) == Codes{0xfa});
    REQUIRE(bench.packets().empty());
}

TEST_CASE("a packet holds buttons, signs and motion, up being positive") {
    Bench bench;
    bench.send({0xf4});
    bench.mouse.pointer({.right = 5, .down = 3}, {.left = true});
    REQUIRE(bench.packets() == Codes{0x29, 5, 0xfd});
    bench.mouse.pointer({.right = -1, .down = -2}, {.left = true, .right = true, .middle = true});
    REQUIRE(bench.packets() == Codes{0x1f, 0xff, 2});
    bench.mouse.pointer({}, {});
    REQUIRE(bench.packets() == Codes{0x08, 0, 0});
    bench.mouse.pointer({}, {});
    REQUIRE(bench.packets().empty());
}

TEST_CASE("motion adds up between samples, and a long way takes several packets") {
    Bench bench;
    bench.send({0xf4});
    bench.mouse.pointer({.right = 1}, {});
    REQUIRE(bench.sent() == Codes{0x08, 1, 0});
    for (u32 i = 0; i < 30; ++i) bench.mouse.pointer({.right = 10}, {});
    REQUIRE(bench.sent().empty()); // a hundred samples a second
    bench.advance(10'000'000);
    REQUIRE(bench.sent() == Codes{0x08, 255, 0});
    REQUIRE(bench.packets() == Codes{0x08, 45, 0});
}

TEST_CASE("a click between two samples is reported with both its ends") {
    Bench bench;
    bench.send({0xf4});
    bench.mouse.pointer({.right = 1}, {});
    bench.mouse.pointer({}, {.left = true});
    bench.mouse.pointer({}, {});
    REQUIRE(bench.packets() == Codes{0x08, 1, 0, 0x09, 0, 0, 0x08, 0, 0});
}

TEST_CASE("of too many clicks the last position of the buttons arrives") {
    Bench bench;
    bench.send({0xf4});
    for (u32 i = 0; i < 1000; ++i) bench.mouse.pointer({.right = 1}, {.left = i % 2 == 0});
    bench.mouse.pointer({}, {.right = true});
    const Codes codes = bench.packets();
    REQUIRE(codes.size() > 3 * Ps2Mouse::queue_length);
    REQUIRE((codes[codes.size() - 3] & 7) == 2);
    u32 motion = 0;
    for (std::size_t i = 1; i < codes.size(); i += 3) motion += codes[i];
    REQUIRE(motion == 1000);
}

TEST_CASE("in remote mode a packet comes only when it is asked for") {
    Bench bench;
    REQUIRE(bench.send({0xf0}) == Codes{0xfa});
    bench.mouse.pointer({.right = 3}, {.left = true});
    REQUIRE(bench.packets().empty());
    REQUIRE(bench.send({0xeb}) == Codes{0xfa, 0x09, 3, 0});
    REQUIRE(bench.send({0xeb}) == Codes{0xfa, 0x09, 0, 0});
    REQUIRE(bench.send({0xea, 0xf4}) == Codes{0xfa, 0xfa});
    bench.mouse.pointer({.right = 3}, {});
    REQUIRE(bench.packets() == Codes{0x08, 3, 0});
}

TEST_CASE("in wrap mode every byte comes back but the two that end it") {
    Bench bench;
    REQUIRE(bench.send({0xee}) == Codes{0xfa});
    REQUIRE(bench.send({0xf4, 0x12, 0xee}) == Codes{0xf4, 0x12, 0xee});
    REQUIRE(bench.send({0xec}) == Codes{0xfa});
    REQUIRE(bench.send({0xf2}) == Codes{0xfa, 0x00});
}

TEST_CASE("scaling bends small moves and doubles large ones, in stream mode only") {
    Bench bench;
    bench.send({0xe7, 0xf4});
    bench.mouse.pointer({.right = 3, .down = 10}, {});
    REQUIRE(bench.packets() == Codes{0x28, 3, static_cast<u8>(-20)});
    bench.mouse.pointer({.right = 5, .down = -2}, {});
    REQUIRE(bench.packets() == Codes{0x08, 9, 1});
    bench.send({0xf0});
    bench.mouse.pointer({.right = 10}, {});
    REQUIRE(bench.send({0xeb}) == Codes{0xfa, 0x08, 10, 0});
}

TEST_CASE("200, 100 and 80 samples a second make a wheel mouse") {
    Bench bench;
    bench.knock({200, 100, 80});
    REQUIRE(bench.send({0xf2}) == Codes{0xfa, 0x03});
    bench.send({0xf4});
    bench.mouse.pointer({.wheel_down = -1}, {});
    REQUIRE(bench.packets() == Codes{0x08, 0, 0, 0xff});
}

TEST_CASE("200, 200 and 80 make it a mouse of five buttons") {
    Bench bench;
    bench.knock({200, 100, 80});
    bench.knock({200, 200, 80});
    REQUIRE(bench.send({0xf2}) == Codes{0xfa, 0x04});
    bench.send({0xf4});
    bench.mouse.pointer({.wheel_down = 9}, {.side = true});
    REQUIRE(bench.packets() == Codes{0x08, 0, 0, 0x17, 0x08, 0, 0, 0x12});
    bench.mouse.pointer({.wheel_down = -2}, {.extra = true});
    REQUIRE(bench.packets() == Codes{0x08, 0, 0, 0x2e});
}

TEST_CASE("a restored mouse sends the sample it was waiting for") {
    Bench bench;
    bench.send({0xf4});
    bench.mouse.pointer({.right = 1}, {});
    bench.sent();
    bench.mouse.pointer({.right = 2}, {});
    const std::vector<u8> saved = save(bench.mouse);
    bench.mouse.reset();
    REQUIRE(restore(bench.mouse, saved));
    REQUIRE(save(bench.mouse) == saved);
    REQUIRE(bench.packets() == Codes{0x08, 2, 0});
}
