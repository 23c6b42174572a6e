#include "devices/serial/uart16550.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

#include <string>

using namespace orrery;
using namespace orrery::test;

namespace {

enum Register : u64 { rbr = 0, thr = 0, ier = 1, iir = 2, fcr = 2, lcr = 3, mcr = 4, lsr = 5, msr = 6, scr = 7 };

struct RecordingBackend final : CharacterBackend {
    void write(std::span<const u8> characters) override { output.append(characters.begin(), characters.end()); }
    void set_break(bool on) override { break_on = on; }
    void resume_input() override { ++resumed; }
    std::string output;
    bool break_on = false;
    u32 resumed = 0;
};

struct Bench : FakeBus {
    Bench() { plug(uart, Uart16550::window_size_bytes); }
    u8 get(Register which) { return static_cast<u8>(read(which, Width::byte)); }
    void set(Register which, u8 value) { write(which, value, Width::byte); }
    std::size_t type(std::string_view text) {
        return uart.receive({reinterpret_cast<const u8*>(text.data()), text.size()});
    }

    FakeIrqSink irq;
    RecordingBackend backend;
    Uart16550 uart{"uart0", {}, clock, irq.line(), backend};
};

} // namespace

TEST_CASE("after reset the UART is idle, its transmitter is empty and no interrupt is pending") {
    Bench bench;
    REQUIRE(bench.get(ier) == 0x00);
    REQUIRE(bench.get(iir) == 0x01);
    REQUIRE(bench.get(lcr) == 0x00);
    REQUIRE(bench.get(lsr) == 0x60);
    REQUIRE(bench.get(msr) == 0xb0);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("a character written to THR goes to the back end at once") {
    Bench bench;
    bench.set(thr, 'h');
    bench.set(thr, 'i');
    REQUIRE(bench.backend.output == "hi");
    REQUIRE(bench.get(lsr) == 0x60);
}

TEST_CASE("the divisor latch hides THR and IER while DLAB is set") {
    Bench bench;
    bench.set(lcr, 0x83);
    bench.set(thr, 0x34);
    bench.set(ier, 0x12);
    REQUIRE(bench.get(rbr) == 0x34);
    REQUIRE(bench.get(ier) == 0x12);
    bench.set(lcr, 0x03);
    REQUIRE(bench.get(ier) == 0x00);
    REQUIRE(bench.backend.output.empty());
}

TEST_CASE("the scratch register keeps any value and does nothing") {
    Bench bench;
    bench.set(scr, 0xa5);
    REQUIRE(bench.get(scr) == 0xa5);
}

TEST_CASE("enabling the THRE interrupt raises it at once, and reading IIR takes it back") {
    Bench bench;
    bench.set(ier, 0x02);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(iir) == 0x02);
    REQUIRE_FALSE(bench.irq.level());
    REQUIRE(bench.get(iir) == 0x01);
    bench.set(ier, 0x00);
    bench.set(ier, 0x02);
    REQUIRE(bench.get(iir) == 0x02);
}

TEST_CASE("each character sent raises the THRE interrupt again") {
    Bench bench;
    bench.set(ier, 0x02);
    bench.get(iir);
    bench.set(thr, 'x');
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(iir) == 0x02);
}

TEST_CASE("reading IIR does not take back a THRE interrupt that a received character outranks") {
    Bench bench;
    bench.set(ier, 0x03);
    bench.type("a");
    REQUIRE(bench.get(iir) == 0x04);
    REQUIRE(bench.get(rbr) == 'a');
    REQUIRE(bench.get(iir) == 0x02);
}

TEST_CASE("without FIFOs one character is taken and the rest is left to the back end") {
    Bench bench;
    bench.set(ier, 0x01);
    REQUIRE(bench.type("abc") == 1);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(lsr) == 0x61);
    REQUIRE(bench.get(rbr) == 'a');
    REQUIRE(bench.backend.resumed == 1);
    REQUIRE(bench.get(lsr) == 0x60);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("with FIFOs sixteen characters are taken and come out in order, without an overrun") {
    Bench bench;
    bench.set(fcr, 0x01);
    REQUIRE(bench.type("0123456789abcdefgh") == 16);
    std::string got;
    while (bench.get(lsr) & 0x01) got += static_cast<char>(bench.get(rbr));
    REQUIRE(got == "0123456789abcdef");
    REQUIRE((bench.get(lsr) & 0x02) == 0);
    REQUIRE(bench.backend.resumed >= 1);
}

TEST_CASE("the received-data interrupt comes at the trigger level and goes below it") {
    Bench bench;
    bench.set(fcr, 0x41); // four characters
    bench.set(ier, 0x01);
    bench.type("abc");
    REQUIRE_FALSE(bench.irq.level());
    bench.type("d");
    REQUIRE(bench.get(iir) == 0xc4);
    bench.get(rbr);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("characters below the trigger level time out after four character times") {
    Bench bench;
    bench.set(lcr, 0x83);
    bench.set(thr, 2); // 3686400 / 16 / 2 = 115200 baud
    bench.set(ier, 0);
    bench.set(lcr, 0x03);
    bench.set(fcr, 0xc1);
    bench.set(ier, 0x01);
    bench.type("ab");
    bench.advance(347'000);
    REQUIRE_FALSE(bench.irq.level());
    bench.advance(1'000); // forty bits at 115200 baud are 347.2 µs
    REQUIRE(bench.get(iir) == 0xcc);
    REQUIRE(bench.get(rbr) == 'a');
    REQUIRE(bench.get(iir) == 0xc1);
    bench.advance(400'000);
    REQUIRE(bench.get(iir) == 0xcc);
}

TEST_CASE("a break arrives as a zero with BI, which LSR shows once and which outranks the data") {
    Bench bench;
    bench.set(fcr, 0x01);
    bench.set(ier, 0x05);
    bench.uart.receive_break();
    REQUIRE(bench.get(iir) == 0xc6);
    REQUIRE(bench.get(lsr) == 0xf1);
    REQUIRE(bench.get(lsr) == 0x61);
    REQUIRE(bench.get(iir) == 0xc4);
    REQUIRE(bench.get(rbr) == 0);
}

TEST_CASE("an error shows in LSR only when its character is at the top of the FIFO") {
    Bench bench;
    bench.set(fcr, 0x01);
    bench.type("a");
    bench.uart.receive_break();
    REQUIRE(bench.get(lsr) == 0xe1); // an error somewhere in the FIFO
    bench.get(rbr);
    REQUIRE(bench.get(lsr) == 0xf1);
}

TEST_CASE("the guest's break goes to the back end") {
    Bench bench;
    bench.set(lcr, 0x43);
    REQUIRE(bench.backend.break_on);
    bench.set(lcr, 0x03);
    REQUIRE_FALSE(bench.backend.break_on);
}

TEST_CASE("in loopback what is sent is received and nothing leaves or enters the chip") {
    Bench bench;
    bench.set(mcr, 0x10);
    bench.set(thr, 'x');
    REQUIRE(bench.backend.output.empty());
    REQUIRE(bench.type("y") == 0);
    REQUIRE(bench.get(rbr) == 'x');
    const u32 before = bench.backend.resumed;
    bench.set(mcr, 0x00);
    REQUIRE(bench.backend.resumed == before + 1);
    REQUIRE(bench.type("y") == 1);
}

TEST_CASE("in loopback the modem outputs feed the inputs and their changes are flagged once") {
    Bench bench;
    bench.set(mcr, 0x1a); // RTS and OUT2: CTS and DCD
    REQUIRE((bench.get(msr) & 0xf0) == 0x90);
    REQUIRE((bench.get(msr) & 0x0f) == 0x00);
    bench.set(ier, 0x08);
    bench.set(mcr, 0x1b);
    REQUIRE(bench.get(iir) == 0x00);
    REQUIRE(bench.get(msr) == 0xb2);
    REQUIRE_FALSE(bench.irq.level());
}

TEST_CASE("the ring indicator is flagged only when it ends") {
    Bench bench;
    bench.set(mcr, 0x10);
    bench.get(msr);
    bench.set(mcr, 0x14);
    REQUIRE(bench.get(msr) == 0x40);
    bench.set(mcr, 0x10);
    REQUIRE(bench.get(msr) == 0x04);
}

TEST_CASE("an overrun in loopback is reported and loses the newcomer when the FIFO is full") {
    Bench bench;
    bench.set(fcr, 0x01);
    bench.set(mcr, 0x10);
    for (u8 i = 0; i < 17; ++i) bench.set(thr, i);
    REQUIRE((bench.get(lsr) & 0x02) != 0);
    for (u8 i = 0; i < 16; ++i) REQUIRE(bench.get(rbr) == i);
    REQUIRE((bench.get(lsr) & 0x01) == 0);
}

TEST_CASE("clearing the receiver FIFO empties it and asks for more input") {
    Bench bench;
    bench.set(fcr, 0x01);
    bench.type("abc");
    bench.set(fcr, 0x03);
    REQUIRE(bench.get(lsr) == 0x60);
    REQUIRE(bench.backend.resumed >= 1);
}

TEST_CASE("a restored UART raises its pending time-out by itself and no edge before") {
    Bench bench;
    bench.set(fcr, 0xc1);
    bench.set(ier, 0x01);
    bench.type("a");
    const std::vector<u8> saved = save(bench.uart);
    bench.uart.reset();
    const u32 rises = bench.irq.rises();
    REQUIRE(restore(bench.uart, saved));
    REQUIRE(save(bench.uart) == saved);
    REQUIRE(bench.irq.rises() == rises);
    bench.advance(10'000'000);
    REQUIRE(bench.irq.level());
    REQUIRE(bench.get(iir) == 0xcc);
}
