#include "devices/timer/i8254.hpp"
#include "devices/timer/system_control_b.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr Frequency clk(I8254::frequency_hz);

struct Bench : FakeBus {
    Bench() { plug(pit, I8254::ports_size_bytes); }
    // CLK pulses pass.
    void pulse(u64 count = 1) { advance(clk.ns_at(pit.pulses() + count) - time.now_ns()); }
    void control(u8 value) { write(3, value, Width::byte); }
    void count(u32 counter, u8 value) { write(counter, value, Width::byte); }
    u64 count_of(u32 counter) { return read(counter, Width::byte); }
    // Programs counter 2 with a one-byte count.
    void program(u8 mode, u8 initial) {
        control(static_cast<u8>(0x90 | mode << 1));
        count(2, initial);
    }
    // OUT of counter 2 over the next pulses, '-' high and '_' low, and what it counts.
    std::string wave(u32 pulses) {
        std::string text;
        for (u32 i = 0; i < pulses; ++i) {
            pulse();
            text += pit.out(2) ? '-' : '_';
        }
        return text;
    }
    std::vector<u64> counts(u32 pulses) {
        std::vector<u64> list;
        for (u32 i = 0; i < pulses; ++i) {
            pulse();
            list.push_back(count_of(2));
        }
        return list;
    }

    FakeIrqSink irq;
    I8254 pit{"pit", clock, irq.line()};
};

using Counts = std::vector<u64>;

} // namespace

TEST_CASE("mode 0 holds OUT low from the control word until the count reaches 0, N + 1 pulses after it was written") {
    Bench bench;
    bench.program(0, 4);
    REQUIRE_FALSE(bench.pit.out(2));
    REQUIRE(bench.wave(8) == "____----");
    bench.count(2, 2);
    REQUIRE_FALSE(bench.pit.out(2));
    REQUIRE(bench.counts(4) == Counts{2, 1, 0, 0xff});
}

TEST_CASE("in mode 0 the gate stops the counting, but a count written meanwhile is loaded") {
    Bench bench;
    bench.program(0, 3);
    bench.pulse(2);
    bench.pit.set_gate(2, false);
    REQUIRE(bench.counts(3) == Counts{2, 2, 2});
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(3) == "_--");
    bench.pit.set_gate(2, false);
    bench.count(2, 2);
    REQUIRE(bench.counts(2) == Counts{2, 2});
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(3) == "_--");
}

TEST_CASE("in mode 0 the first of two bytes stops the counting") {
    Bench bench;
    bench.control(0xb0);
    bench.count(2, 5);
    bench.count(2, 0);
    bench.pulse(2);
    bench.count(2, 3);
    REQUIRE(bench.wave(10) == "__________");
    bench.count(2, 0);
    REQUIRE(bench.wave(5) == "___--");
}

TEST_CASE("mode 1 gives one low pulse of N for each rise of the gate, which may start it anew") {
    Bench bench;
    bench.pit.set_gate(2, false);
    bench.program(1, 3);
    REQUIRE(bench.wave(3) == "---");
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(5) == "___--");
    bench.pit.set_gate(2, false);
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(2) == "__");
    bench.pit.set_gate(2, false);
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(5) == "___--");
}

TEST_CASE("in mode 1 a new count waits for the next trigger") {
    Bench bench;
    bench.pit.set_gate(2, false);
    bench.program(1, 4);
    bench.pit.set_gate(2, true);
    bench.pulse();
    bench.count(2, 2);
    REQUIRE(bench.wave(5) == "___--");
    bench.pit.set_gate(2, false);
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(4) == "__--");
}

TEST_CASE("mode 2 gives one low pulse every N, while the count is 1") {
    Bench bench;
    bench.program(2, 3);
    REQUIRE(bench.pit.out(2));
    REQUIRE(bench.wave(9) == "--_--_--_");
    REQUIRE(bench.counts(4) == Counts{3, 2, 1, 3});
}

TEST_CASE("in mode 2 a low gate lifts OUT, a rising one begins a new cycle") {
    Bench bench;
    bench.program(2, 4);
    bench.pulse(4);
    REQUIRE_FALSE(bench.pit.out(2));
    bench.pit.set_gate(2, false);
    REQUIRE(bench.pit.out(2));
    REQUIRE(bench.wave(6) == "------");
    bench.pit.set_gate(2, true);
    REQUIRE(bench.counts(5) == Counts{4, 3, 2, 1, 4});
}

TEST_CASE("in mode 2 a new count waits for the end of the cycle") {
    Bench bench;
    bench.program(2, 4);
    bench.pulse(2);
    bench.count(2, 2);
    REQUIRE(bench.counts(6) == Counts{2, 1, 2, 1, 2, 1});
    REQUIRE(bench.wave(4) == "-_-_");
}

TEST_CASE("mode 3 with an even count is high for one half and low for the other, counting by two") {
    Bench bench;
    bench.program(3, 4);
    REQUIRE(bench.wave(8) == "--__--__");
    REQUIRE(bench.counts(4) == Counts{4, 2, 4, 2});
}

TEST_CASE("mode 3 with an odd count is high for one pulse longer than low") {
    Bench bench;
    bench.program(3, 5);
    REQUIRE(bench.wave(10) == "---__---__");
    REQUIRE(bench.counts(5) == Counts{4, 2, 0, 4, 2});
}

TEST_CASE("in mode 3 a new count waits for the end of the half-cycle, a rising gate doesn't") {
    Bench bench;
    bench.program(3, 8);
    bench.pulse(2);
    bench.count(2, 4);
    REQUIRE(bench.wave(8) == "--__--__"); // the high half of 8 ends, then halves of 4
    bench.pit.set_gate(2, false);
    REQUIRE(bench.wave(3) == "---");
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(4) == "--__");
}

TEST_CASE("mode 4 strobes once, N + 1 pulses after its count was written, and a new count starts it anew") {
    Bench bench;
    bench.program(4, 3);
    REQUIRE(bench.wave(6) == "---_--");
    bench.count(2, 3);
    bench.pulse(2);
    bench.count(2, 2);
    REQUIRE(bench.wave(5) == "--_--");
}

TEST_CASE("mode 5 strobes N + 1 pulses after the gate rose, once for each rise") {
    Bench bench;
    bench.pit.set_gate(2, false);
    bench.program(5, 3);
    REQUIRE(bench.wave(5) == "-----");
    bench.pit.set_gate(2, true);
    REQUIRE(bench.wave(6) == "---_--");
}

TEST_CASE("modes 6 and 7 are modes 2 and 3") {
    Bench bench;
    bench.program(6, 3);
    REQUIRE(bench.wave(6) == "--_--_");
    bench.program(7, 4);
    REQUIRE(bench.wave(4) == "--__");
}

TEST_CASE("BCD counts from 9999 down in digits, and a count of 0 is the largest") {
    Bench bench;
    bench.control(0xb1); // mode 0, both bytes, BCD
    bench.count(2, 0x00);
    bench.count(2, 0x10);
    bench.pulse(2);
    REQUIRE(bench.count_of(2) == 0x99);
    REQUIRE(bench.count_of(2) == 0x09);
    bench.count(2, 0);
    bench.count(2, 0);
    bench.pulse(10'000);
    REQUIRE_FALSE(bench.pit.out(2));
    bench.pulse();
    REQUIRE(bench.pit.out(2));
    bench.control(0xb0);
    bench.count(2, 0);
    bench.count(2, 0);
    bench.pulse(65'536);
    REQUIRE_FALSE(bench.pit.out(2));
    bench.pulse();
    REQUIRE(bench.pit.out(2));
}

TEST_CASE("the access bits choose which bytes are written and read") {
    Bench bench;
    bench.control(0xa0); // high byte only
    bench.count(2, 0x12);
    bench.pulse();
    REQUIRE(bench.count_of(2) == 0x12);
    bench.pulse();
    REQUIRE(bench.count_of(2) == 0x11);
    bench.control(0xb0);
    bench.count(2, 0x34);
    bench.count(2, 0x12);
    bench.pulse();
    REQUIRE(bench.count_of(2) == 0x34);
    REQUIRE(bench.count_of(2) == 0x12);
}

TEST_CASE("a latched count holds until it has been read whole, and a second latch is ignored meanwhile") {
    Bench bench;
    bench.control(0xb0);
    bench.count(2, 0x00);
    bench.count(2, 0x20);
    bench.pulse(2);
    bench.control(0x80);
    bench.pulse(0x300);
    bench.control(0x80);
    REQUIRE(bench.count_of(2) == 0xff);
    REQUIRE(bench.count_of(2) == 0x1f);
    REQUIRE(bench.count_of(2) == 0xff);
    REQUIRE(bench.count_of(2) == 0x1c);
}

TEST_CASE("the read-back command latches status and count of several counters, the status is read first") {
    Bench bench;
    bench.control(0x14); // counter 0: low byte, mode 2
    bench.count(0, 9);
    bench.program(3, 6);
    bench.control(0xca);                // counters 0 and 2, both
    REQUIRE(bench.count_of(2) == 0xd6); // OUT high, null count, low byte, mode 3
    bench.count_of(2);
    bench.pulse();
    REQUIRE(bench.count_of(0) == 0xd4);
    REQUIRE(bench.count_of(0) == 0);
    REQUIRE(bench.count_of(0) == 9);
    bench.control(0xe8); // only the status of counter 2
    REQUIRE(bench.count_of(2) == 0x96);
    REQUIRE(bench.count_of(2) == 6);
}

TEST_CASE("OUT0 interrupts at every end of its cycle in modes 2 and 3") {
    Bench bench;
    bench.control(0x34);
    bench.count(0, 0xa9);
    bench.count(0, 0x04); // 1193: about a millisecond
    const u32 before = bench.irq.rises();
    bench.pulse(1);
    bench.pulse(1193 * 5);
    REQUIRE(bench.irq.rises() == before + 5);
    bench.control(0x36);
    bench.count(0, 0);
    bench.count(0, 0);
    bench.pulse(1);
    const u32 rises = bench.irq.rises();
    bench.pulse(0x8000);
    REQUIRE_FALSE(bench.irq.level());
    bench.pulse(0x8000);
    REQUIRE(bench.irq.level());
    bench.pulse(u64{0x1'0000} * 3);
    REQUIRE(bench.irq.rises() == rises + 4);
}

TEST_CASE("OUT0 in mode 0 interrupts once, and writing a new count withdraws it") {
    Bench bench;
    bench.control(0x10);
    bench.count(0, 100);
    bench.pulse(100);
    REQUIRE_FALSE(bench.irq.level());
    bench.pulse(1);
    REQUIRE(bench.irq.level());
    bench.pulse(1'000'000);
    REQUIRE(bench.irq.rises() == 1);
    bench.count(0, 100);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("an edge of OUT0 that the host came late for isn't lost") {
    Bench bench;
    bench.control(0x18); // mode 4: a strobe of one pulse
    bench.count(0, 50);
    bench.time.set_ns(1'000'000'000);
    REQUIRE(bench.irq.rises() == 1); // the control word lifted OUT
    bench.clock.run_due(bench.time.now_ns());
    REQUIRE(bench.irq.rises() == 2);
}

TEST_CASE("an access right before or after a tick is due doesn't lose it") {
    Bench bench;
    bench.control(0x34);
    bench.count(0, 0x00);
    bench.count(0, 0x10);
    const u32 before = bench.irq.rises();
    bench.pulse(1 + 0x1000 - 3);
    bench.control(0x00); // latch
    bench.pulse(3);
    REQUIRE(bench.irq.rises() == before + 1);
    bench.time.set_ns(clk.ns_at(bench.pit.pulses() + 0x1001)); // the event of the next is late
    bench.control(0x00);
    REQUIRE(bench.irq.rises() == before + 2);
}

TEST_CASE("the fastest rate a guest can program costs a bounded number of events") {
    Bench bench;
    for (const u8 mode : {u8{0x14}, u8{0x16}}) {
        bench.control(mode);
        bench.count(0, 2);
        const u32 before = bench.irq.rises();
        bench.advance(1'000'000'000);
        REQUIRE(bench.irq.rises() - before > 50'000);
        REQUIRE(bench.irq.rises() - before <= 100'000);
    }
}

TEST_CASE("a restored timer goes on counting and interrupts at the same time") {
    Bench bench;
    bench.control(0x34);
    bench.count(0, 0x00);
    bench.count(0, 0x10);
    bench.pulse(2);
    const std::vector<u8> saved = save(bench.pit);
    bench.pit.reset();
    REQUIRE(restore(bench.pit, saved));
    REQUIRE(save(bench.pit) == saved);
    const u32 before = bench.irq.rises();
    bench.pulse(0x0ffe);
    REQUIRE(bench.irq.rises() == before);
    bench.pulse(1);
    REQUIRE(bench.irq.rises() == before + 1);
}

TEST_CASE("port 61h gates counter 2, shows its OUT, and toggles with every refresh") {
    Bench bench;
    SystemControlB port("port61", bench.pit);
    port.reset();
    bench.program(0, 3);
    bench.pulse(10);
    REQUIRE((port.read(0, Width::byte) & 0x2f) == 0);
    port.write(0, 0xff, Width::byte);
    bench.pulse(4);
    REQUIRE((port.read(0, Width::byte) & 0x2f) == 0x2f);
    const u64 refresh = port.read(0, Width::byte) & 0x10;
    bench.pulse(18);
    REQUIRE((port.read(0, Width::byte) & 0x10) != refresh);
    REQUIRE((port.read(0, Width::byte) & 0xc0) == 0);
}
