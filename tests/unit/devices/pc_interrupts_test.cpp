// The PC's interrupt chips wired as on a board: how a tick of the 8254 comes to the CPU.
#include "devices/irq/coprocessor_error.hpp"
#include "devices/irq/i8259.hpp"
#include "devices/irq/io_apic.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/timer/hpet.hpp"
#include "devices/timer/i8254.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// IRQ 0 goes to the 8259s and, as input 2, to the I/O APIC; INTR goes to LINT0 and to the I/O APIC's input 0.
struct Board : FakeBus, IrqSink {
    enum Wire : u32 { irq0, intr };
    void set_irq(u32 wire, bool level) override {
        if (wire == irq0) {
            pic.set_irq(0, level);
            io_apic.set_irq(2, level);
        } else {
            apic.set_irq(LocalApic::lint0, level);
            io_apic.set_irq(0, level);
        }
    }
    Board() {
        for (const u64 icw : {u64{0x20}, u64{0x04}, u64{0x01}}) {
            if (icw == 0x20) pic.master_ports().write(0, 0x11, Width::byte);
            pic.master_ports().write(1, icw, Width::byte);
        }
        apic.write_register(0xf0, 0x1ff, Width::word);
        pit.write(3, 0x34, Width::byte); // 1193 pulses: about a millisecond
        pit.write(0, 0xa9, Width::byte);
        pit.write(0, 0x04, Width::byte);
    }
    void set_entry(u64 input, u64 value) {
        io_apic.write(0x00, 0x10 + 2 * input, Width::word);
        io_apic.write(0x10, value, Width::word);
    }
    // Takes and ends what comes in the next milliseconds; says how often `vector` came.
    u32 run(u32 milliseconds, u8 vector) {
        u32 taken = 0;
        for (u32 i = 0; i < milliseconds * 10; ++i) {
            advance(100'000);
            while (apic.deliverable()) {
                const std::optional<u8> got = apic.acknowledge();
                if (got == vector) ++taken;
                if (got == u8{0x20})
                    pic.master_ports().write(0, 0x20, Width::byte);
                else
                    apic.write_register(0xb0, 0, Width::word);
            }
        }
        return taken;
    }

    InterruptBus messages;
    I8259Pair pic{"pic", {*this, intr}};
    LocalApic apic{"apic0", {}, {lock, clock, messages, &pic}};
    IoApic io_apic{"ioapic", {}, messages};
    Hpet hpet{"hpet", {}, clock, {{IrqLine{*this, irq0}, IrqLine{}}, {}, nullptr}};
    I8254 pit{"pit", clock, {hpet, Hpet::from_8254}};
};

} // namespace

TEST_CASE("a tick comes through the 8259s and LINT0 as ExtINT") {
    Board board;
    board.apic.write_register(0x350, 0x700, Width::word);
    const u32 taken = board.run(100, 0x20);
    REQUIRE((taken >= 99 && taken <= 101));
}

TEST_CASE("a tick comes through the 8259s and the I/O APIC's input 0 as ExtINT") {
    Board board;
    board.set_entry(0, 0x700);
    const u32 taken = board.run(100, 0x20);
    REQUIRE((taken >= 99 && taken <= 101));
}

TEST_CASE("a tick comes through the I/O APIC's input 2 with its entry's vector") {
    Board board;
    board.pic.master_ports().write(1, 0xff, Width::byte);
    board.set_entry(2, 0x30);
    const u32 taken = board.run(100, 0x30);
    REQUIRE((taken >= 99 && taken <= 101));
}

TEST_CASE("a disabled local APIC hands the tick on as INTR") {
    Board board;
    REQUIRE(board.apic.write_msr(0x1b, 0xfee0'0100));
    const u32 taken = board.run(100, 0x20);
    REQUIRE((taken >= 99 && taken <= 101));
}

TEST_CASE("the HPET's first comparator takes the place of the 8254") {
    Board board;
    board.pic.master_ports().write(1, 0xff, Width::byte);
    board.set_entry(2, 0x30);
    board.hpet.write(0x10, 3, Width::dword);
    board.hpet.write(0x100, 0x4c, Width::dword);
    board.hpet.write(0x108, 1'000'000, Width::dword); // ten milliseconds
    REQUIRE(board.run(100, 0x30) == 10);
}

TEST_CASE("a reported x87 exception interrupts until port F0h is written, which has the CPU ignore it") {
    FakeBus bus;
    FakeIrqSink pins;
    CoprocessorError chip("coprocessor-error", pins.line(13), pins.line(0));
    bus.plug(chip, CoprocessorError::ports_size_bytes);
    bus.write(0, 0, Width::byte); // nothing to ignore
    REQUIRE(pins.rises(0) == 0);
    chip.report();
    chip.report();
    REQUIRE(pins.level(13));
    REQUIRE(pins.rises(13) == 1);
    bus.write(1, 0, Width::byte);
    REQUIRE(pins.level(13));
    const std::vector<u8> saved = save(chip);
    bus.write(0, 0x55, Width::byte);
    REQUIRE_FALSE(pins.level(13));
    REQUIRE(pins.rises(0) == 1);
    bus.write(0, 0, Width::byte);
    REQUIRE(pins.rises(0) == 1);
    REQUIRE(restore(chip, saved));
    bus.write(0, 0, Width::byte);
    REQUIRE(pins.rises(0) == 2);
}
