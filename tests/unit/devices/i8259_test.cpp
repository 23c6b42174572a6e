#include "devices/irq/i8259.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 end_of_interrupt = 0x20;

// The pair as a PC's firmware leaves it: vectors 08h and 70h, nothing masked.
struct Bench {
    Bench() { initialise(0x01); }
    void initialise(u8 icw4, u8 icw1 = 0x11) {
        for (IoHandler* chip : {&pic.master_ports(), &pic.slave_ports()}) {
            const bool master = chip == &pic.master_ports();
            chip->write(0, icw1, Width::byte);
            chip->write(1, master ? 0x08 : 0x70, Width::byte);
            if (!(icw1 & 0x02)) chip->write(1, master ? 0x04 : 0x02, Width::byte);
            if (icw1 & 0x01) chip->write(1, icw4, Width::byte);
        }
    }
    void command(u64 value) { pic.master_ports().write(0, value, Width::byte); }
    void slave_command(u64 value) { pic.slave_ports().write(0, value, Width::byte); }
    void mask(u64 value) { pic.master_ports().write(1, value, Width::byte); }
    u64 register_of(IoHandler& chip, u64 ocw3) {
        chip.write(0, ocw3, Width::byte);
        return chip.read(0, Width::byte);
    }
    u64 requests() { return register_of(pic.master_ports(), 0x0a); }
    u64 in_service() { return register_of(pic.master_ports(), 0x0b); }
    u64 slave_in_service() { return register_of(pic.slave_ports(), 0x0b); }
    void raise(u32 pin) { pic.set_irq(pin, true); }
    void lower(u32 pin) { pic.set_irq(pin, false); }
    void pulse(u32 pin) {
        lower(pin);
        raise(pin);
    }
    bool intr() { return irq.level(); }

    FakeIrqSink irq;
    I8259Pair pic{"pic", irq.line()};
};

} // namespace

TEST_CASE("a rising edge requests, and its acknowledge gives ICW2's vector and sets the in-service bit") {
    Bench bench;
    bench.raise(1);
    REQUIRE(bench.intr());
    REQUIRE(bench.requests() == 0x02);
    REQUIRE(bench.pic.acknowledge() == 0x09);
    REQUIRE_FALSE(bench.intr());
    REQUIRE(bench.in_service() == 0x02);
    REQUIRE(bench.requests() == 0);
    bench.command(end_of_interrupt);
    REQUIRE(bench.in_service() == 0);
    REQUIRE_FALSE(bench.intr()); // the line is still high, but there was no new edge
}

TEST_CASE("a request that goes away before its acknowledge gives IRQ 7 without an in-service bit") {
    Bench bench;
    bench.raise(3);
    bench.lower(3);
    REQUIRE_FALSE(bench.intr());
    REQUIRE(bench.pic.acknowledge() == 0x0f);
    REQUIRE(bench.in_service() == 0);
}

TEST_CASE("in fully nested mode only a higher priority interrupts one in service") {
    Bench bench;
    bench.raise(3);
    bench.pic.acknowledge();
    bench.raise(5);
    REQUIRE_FALSE(bench.intr());
    bench.raise(1);
    REQUIRE(bench.intr());
    REQUIRE(bench.pic.acknowledge() == 0x09);
    bench.command(end_of_interrupt); // ends the highest in service: 1
    REQUIRE(bench.in_service() == 0x08);
    bench.command(end_of_interrupt);
    REQUIRE(bench.pic.acknowledge() == 0x0d);
}

TEST_CASE("a masked request waits in IRR until its mask is lifted") {
    Bench bench;
    bench.mask(0x10);
    bench.raise(4);
    REQUIRE_FALSE(bench.intr());
    REQUIRE(bench.requests() == 0x10);
    bench.mask(0);
    REQUIRE(bench.intr());
}

TEST_CASE("the slave's requests come through IRQ 2 with the slave's vector, and both chips need an EOI") {
    Bench bench;
    bench.raise(12);
    REQUIRE(bench.intr());
    REQUIRE(bench.requests() == 0x04);
    REQUIRE(bench.pic.acknowledge() == 0x74);
    REQUIRE(bench.in_service() == 0x04);
    REQUIRE(bench.slave_in_service() == 0x10);
    bench.raise(9); // higher on the slave, but the master holds it off
    REQUIRE_FALSE(bench.intr());
    bench.slave_command(end_of_interrupt);
    bench.command(end_of_interrupt);
    REQUIRE(bench.pic.acknowledge() == 0x71);
}

TEST_CASE("in special fully nested mode the slave interrupts its own interrupt with a higher one") {
    Bench bench;
    bench.initialise(0x11);
    bench.raise(12);
    bench.pic.acknowledge();
    bench.raise(9);
    REQUIRE(bench.intr());
    REQUIRE(bench.pic.acknowledge() == 0x71);
    REQUIRE(bench.slave_in_service() == 0x12);
    bench.raise(15);
    REQUIRE_FALSE(bench.intr());
}

TEST_CASE("INTR goes low for a moment between two requests") {
    Bench bench;
    bench.raise(1);
    bench.raise(0);
    REQUIRE(bench.irq.rises() == 1);
    bench.initialise(0x03); // automatic EOI
    bench.pulse(0);
    bench.pulse(1);
    const u32 before = bench.irq.rises();
    bench.pic.acknowledge();
    REQUIRE(bench.intr());
    REQUIRE(bench.irq.rises() == before + 1);
}

TEST_CASE("a level-triggered line asks again after its EOI until it falls") {
    Bench bench;
    bench.pic.elcr_ports().write(1, 0x02, Width::byte); // IRQ 9
    bench.raise(9);
    REQUIRE(bench.pic.acknowledge() == 0x71);
    bench.slave_command(end_of_interrupt);
    bench.command(end_of_interrupt);
    REQUIRE(bench.intr());
    REQUIRE(bench.pic.acknowledge() == 0x71);
    bench.lower(9);
    bench.slave_command(end_of_interrupt);
    bench.command(end_of_interrupt);
    REQUIRE_FALSE(bench.intr());
}

TEST_CASE("the ELCR keeps no bits for IRQ 0, 1, 2, 8 and 13") {
    Bench bench;
    bench.pic.elcr_ports().write(0, 0xff, Width::byte);
    bench.pic.elcr_ports().write(1, 0xff, Width::byte);
    REQUIRE(bench.pic.elcr_ports().read(0, Width::byte) == 0xf8);
    REQUIRE(bench.pic.elcr_ports().read(1, Width::byte) == 0xde);
}

TEST_CASE("LTIM of ICW1 makes all lines level-triggered") {
    Bench bench;
    bench.initialise(0x03, 0x19);
    bench.raise(1);
    REQUIRE(bench.pic.acknowledge() == 0x09);
    REQUIRE(bench.intr());
}

TEST_CASE("specific EOI ends the interrupt it names") {
    Bench bench;
    bench.raise(5);
    bench.pic.acknowledge();
    bench.raise(2 + 1);
    bench.pic.acknowledge();
    bench.command(0x60 | 5);
    REQUIRE(bench.in_service() == 0x08);
}

TEST_CASE("automatic EOI leaves nothing in service, and rotates when told so") {
    Bench bench;
    bench.initialise(0x03);
    bench.command(0x80); // rotate in automatic EOI mode: set
    bench.raise(0);
    bench.raise(1);
    REQUIRE(bench.pic.acknowledge() == 0x08);
    REQUIRE(bench.in_service() == 0);
    bench.pulse(0); // now the lowest
    REQUIRE(bench.pic.acknowledge() == 0x09);
    REQUIRE(bench.pic.acknowledge() == 0x08);
    bench.command(0x00); // cleared: 0 stays the lowest
    bench.pulse(7);
    bench.pulse(0);
    REQUIRE(bench.pic.acknowledge() == 0x0f);
    bench.pulse(7);
    REQUIRE(bench.pic.acknowledge() == 0x0f);
}

TEST_CASE("rotating on an EOI gives the interrupt that ends the lowest priority") {
    Bench bench;
    bench.raise(4);
    bench.pic.acknowledge();
    bench.command(0xa0);
    bench.raise(3);
    bench.raise(5);
    REQUIRE(bench.pic.acknowledge() == 0x0d);
    bench.command(0xe0 | 5); // rotate on specific EOI
    bench.pulse(5);
    bench.raise(6);
    REQUIRE(bench.pic.acknowledge() == 0x0e);
}

TEST_CASE("the set priority command names the lowest input") {
    Bench bench;
    bench.command(0xc0 | 5);
    bench.raise(0);
    bench.raise(6);
    REQUIRE(bench.pic.acknowledge() == 0x0e);
}

TEST_CASE("in special mask mode a masked interrupt in service holds off no other") {
    Bench bench;
    bench.raise(1);
    bench.pic.acknowledge();
    bench.raise(4);
    REQUIRE_FALSE(bench.intr());
    bench.mask(0x02);
    bench.command(0x68);
    REQUIRE(bench.intr());
    REQUIRE(bench.pic.acknowledge() == 0x0c);
    bench.command(end_of_interrupt); // doesn't touch what is masked
    bench.command(end_of_interrupt);
    REQUIRE(bench.in_service() == 0x02);
    bench.command(0x48);
    bench.command(end_of_interrupt);
    REQUIRE(bench.in_service() == 0);
}

TEST_CASE("a poll acknowledges by reading and names the input") {
    Bench bench;
    bench.command(0x0c);
    REQUIRE(bench.pic.master_ports().read(0, Width::byte) == 0x00);
    bench.raise(6);
    bench.command(0x0c);
    REQUIRE(bench.pic.master_ports().read(1, Width::byte) == 0x86);
    REQUIRE_FALSE(bench.intr());
    REQUIRE(bench.in_service() == 0x40);
}

TEST_CASE("ICW1 forgets masks, requests, priorities and the special mask mode, and asks nothing before it is done") {
    Bench bench;
    bench.mask(0xfe);
    bench.command(0xc3);
    bench.command(0x68);
    bench.raise(6);
    bench.command(0x11);
    bench.pulse(0);
    REQUIRE_FALSE(bench.intr());
    bench.mask(0x20); // ICW2, ICW3, ICW4
    bench.mask(0x04);
    bench.mask(0x01);
    REQUIRE(bench.pic.master_ports().read(1, Width::byte) == 0);
    REQUIRE(bench.requests() == 0x01);
    REQUIRE(bench.pic.acknowledge() == 0x20);
}

TEST_CASE("without IC4 and with SNGL the initialisation is shorter") {
    Bench bench;
    bench.command(0x12);
    bench.mask(0x40);
    bench.mask(0x80); // OCW1 already
    REQUIRE(bench.pic.master_ports().read(1, Width::byte) == 0x80);
    bench.raise(0);
    REQUIRE(bench.pic.acknowledge() == 0x40);
}

TEST_CASE("no slave answers when ICW3 of the two disagree") {
    Bench bench;
    bench.slave_command(0x11);
    for (const u64 icw : {u64{0x70}, u64{0x05}, u64{0x01}}) bench.pic.slave_ports().write(1, icw, Width::byte);
    bench.raise(10);
    REQUIRE(bench.pic.acknowledge() == 0xff);
}

TEST_CASE("a restored pair has the same request and raises no edge") {
    Bench bench;
    bench.raise(14);
    const std::vector<u8> saved = save(bench.pic);
    bench.pic.acknowledge();
    const u32 before = bench.irq.rises();
    REQUIRE(restore(bench.pic, saved));
    REQUIRE(bench.irq.rises() == before);
    REQUIRE(bench.pic.acknowledge() == 0x76);
}
