#include "devices/irq/plic.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 priority(u64 source) { return source * 4; }
constexpr u64 pending_word(u64 word) { return 0x1000 + word * 4; }
constexpr u64 enable_word(u64 context, u64 word) { return 0x2000 + context * 0x80 + word * 4; }
constexpr u64 threshold(u64 context) { return 0x20'0000 + context * 0x1000; }
constexpr u64 claim(u64 context) { return threshold(context) + 4; }

// Two harts: contexts 0 and 2 are machine mode, 1 and 3 supervisor mode.
struct Bench : FakeBus {
    Bench() { plug(plic, Plic::window_size_bytes); }
    void enable(u64 context, u64 source, u64 at_priority = 1) {
        const u64 word = source / 32;
        write(priority(source), at_priority);
        write(enable_word(context, word), read(enable_word(context, word)) | u64{1} << (source % 32));
    }

    FakeIrqSink irq;
    Plic plic{"plic", {}, {irq.line(0), irq.line(1), irq.line(2), irq.line(3)}};
};

} // namespace

TEST_CASE("an enabled source with a priority above the threshold reaches its context only") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    REQUIRE(bench.irq.level(1));
    REQUIRE_FALSE(bench.irq.level(0));
    REQUIRE(bench.read(pending_word(0)) == 1u << 10);
}

TEST_CASE("claiming lowers the line, and a wire still high asks again on completion") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    REQUIRE(bench.read(claim(1)) == 10);
    REQUIRE_FALSE(bench.irq.level(1));
    REQUIRE(bench.read(pending_word(0)) == 0);
    REQUIRE(bench.read(claim(1)) == 0);
    bench.write(claim(1), 10);
    REQUIRE(bench.irq.level(1));
    REQUIRE(bench.read(claim(1)) == 10);
    bench.plic.set_irq(10, false);
    bench.write(claim(1), 10);
    REQUIRE_FALSE(bench.irq.level(1));
}

TEST_CASE("a wire that rises while its request is being handled is not seen before completion") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    bench.read(claim(1));
    bench.plic.set_irq(10, false);
    bench.plic.set_irq(10, true);
    REQUIRE_FALSE(bench.irq.level(1));
    bench.write(claim(1), 10);
    REQUIRE(bench.irq.level(1));
}

TEST_CASE("a request stays pending although its wire falls before the claim") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    bench.plic.set_irq(10, false);
    REQUIRE(bench.irq.level(1));
    REQUIRE(bench.read(claim(1)) == 10);
}

TEST_CASE("the highest priority is claimed first, and of equals the lowest number") {
    Bench bench;
    bench.enable(1, 40, 3);
    bench.enable(1, 9, 3);
    bench.enable(1, 5, 2);
    for (const u32 source : {5u, 40u, 9u}) bench.plic.set_irq(source, true);
    REQUIRE(bench.read(claim(1)) == 9);
    REQUIRE(bench.read(claim(1)) == 40);
    REQUIRE(bench.read(claim(1)) == 5);
}

TEST_CASE("the threshold masks the line but not the claim") {
    Bench bench;
    bench.enable(1, 10, 2);
    bench.write(threshold(1), 2);
    bench.plic.set_irq(10, true);
    REQUIRE_FALSE(bench.irq.level(1));
    bench.write(threshold(1), 1);
    REQUIRE(bench.irq.level(1));
    bench.write(threshold(1), 7);
    REQUIRE_FALSE(bench.irq.level(1));
    REQUIRE(bench.read(claim(1)) == 10);
}

TEST_CASE("priority 0 never interrupts and cannot be claimed") {
    Bench bench;
    bench.enable(1, 10, 0);
    bench.plic.set_irq(10, true);
    REQUIRE_FALSE(bench.irq.level(1));
    REQUIRE(bench.read(claim(1)) == 0);
}

TEST_CASE("one request to several contexts is claimed by the first that asks") {
    Bench bench;
    bench.enable(1, 10);
    bench.enable(3, 10);
    bench.plic.set_irq(10, true);
    REQUIRE((bench.irq.level(1) && bench.irq.level(3)));
    REQUIRE(bench.read(claim(3)) == 10);
    REQUIRE_FALSE(bench.irq.level(1));
    REQUIRE(bench.read(claim(1)) == 0);
}

TEST_CASE("completing a source that the context has not enabled is ignored") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    bench.read(claim(1));
    bench.write(claim(3), 10);
    REQUIRE_FALSE(bench.irq.level(1));
    bench.write(claim(1), 10);
    REQUIRE(bench.irq.level(1));
}

TEST_CASE("priorities and thresholds keep three bits, source 0 and sources beyond the last none") {
    Bench bench;
    bench.write(priority(95), ~u64{0});
    bench.write(priority(96), 7);
    bench.write(priority(0), 7);
    bench.write(threshold(0), 0xff);
    bench.write(enable_word(0, 0), 0xffff'ffff);
    bench.write(enable_word(0, 3), 0xffff'ffff);
    REQUIRE(bench.read(priority(95)) == 7);
    REQUIRE(bench.read(priority(96)) == 0);
    REQUIRE(bench.read(priority(0)) == 0);
    REQUIRE(bench.read(threshold(0)) == 7);
    REQUIRE(bench.read(enable_word(0, 0)) == 0xffff'fffe);
    REQUIRE(bench.read(enable_word(0, 3)) == 0);
}

TEST_CASE("reset lowers every line and a restore raises no edge") {
    Bench bench;
    bench.enable(1, 10);
    bench.plic.set_irq(10, true);
    const std::vector<u8> saved = save(bench.plic);
    const u32 rises = bench.irq.rises(1);
    bench.plic.reset();
    REQUIRE_FALSE(bench.irq.level(1));
    REQUIRE(restore(bench.plic, saved));
    REQUIRE(bench.irq.rises(1) == rises);
    REQUIRE(bench.read(claim(1)) == 10);
}
