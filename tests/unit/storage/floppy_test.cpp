#include <cstring>

#include "devices/storage/floppy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 sectors_1440 = 2880;
constexpr u64 dor = 0x3f2, msr = 0x3f4, fifo = 0x3f5, dir = 0x3f7;

std::vector<u8> pattern(std::size_t bytes, u8 seed) {
    std::vector<u8> made(bytes);
    for (std::size_t i = 0; i < bytes; ++i) made[i] = static_cast<u8>(seed + i * 3 + i / 512);
    return made;
}

struct Rig {
    explicit Rig(u64 sectors = sectors_1440, bool read_only = false) : disk(sectors, read_only) {
        std::ranges::copy(pattern(disk.content.size(), 1), disk.content.begin());
        memory.map({{0}, ram->size_bytes(), ram.get(), 0, false, nullptr, "ram"}).value();
        map(0x3f0, FloppyController::ports, fdc.registers());
        map(dir, FloppyController::input_ports, fdc.input());
        map(Dma8237::first_base, Dma8237::first_ports, dma.first());
        map(Dma8237::second_base, Dma8237::second_ports, dma.second());
        map(Dma8237::page_base, Dma8237::page_ports, dma.pages());
        REQUIRE(fdc.change_disk(0, &disk));
        out(0xd6, 0xc0);
        out(0xd4, 0);
    }
    void map(u64 base, u64 size, IoHandler& handler) {
        ports.map({.base = {base}, .size_bytes = size, .io = &handler, .name = "fdc"}).value();
    }
    u8 in(u64 port) { return static_cast<u8>(*ports.read({port}, Width::byte)); }
    void out(u64 port, u64 value) { REQUIRE(ports.write({port}, value, Width::byte)); }
    void pass(u64 ns = FloppyController::delay_ns) { bus.advance(ns); }

    void give(const std::vector<u8>& bytes) {
        for (const u8 byte : bytes) {
            REQUIRE((in(msr) & 0xc0) == 0x80);
            out(fifo, byte);
        }
    }
    std::vector<u8> results() {
        std::vector<u8> bytes;
        while ((in(msr) & 0xd0) == 0xd0) bytes.push_back(in(fifo));
        return bytes;
    }
    std::vector<u8> command(const std::vector<u8>& bytes) {
        give(bytes);
        pass();
        return results();
    }
    // Out of reset, the drives' poll answered, at the rate, SPECIFY with DMA, at track 0.
    void start(u8 rate = 0) {
        out(dor, 0x00);
        out(dor, 0x1c);
        pass();
        REQUIRE(irq.level());
        for (u8 i = 0; i < 4; ++i) REQUIRE(command({0x08}) == std::vector<u8>{static_cast<u8>(0xc0 | i), 0});
        REQUIRE_FALSE(irq.level());
        out(dir, rate);
        REQUIRE(command({0x03, 0xaf, 0x02}).empty());
        REQUIRE(command({0x07, 0}).empty());
        REQUIRE(command({0x08}) == std::vector<u8>{0x20, 0});
    }
    void seek(u8 track) {
        REQUIRE(command({0x0f, 0, track}).empty());
        REQUIRE(command({0x08}) == std::vector<u8>{0x20, track});
    }
    void set_dma(u32 address, u32 bytes, u8 mode) {
        out(0x0a, 6);
        out(0x0c, 0);
        out(0x0b, mode | 2U);
        out(0x04, address);
        out(0x04, address >> 8);
        out(0x81, address >> 16);
        out(0x05, bytes - 1);
        out(0x05, (bytes - 1) >> 8);
        out(0x0a, 2);
    }
    bool memory_is(u64 address, u64 sector, u64 sectors) {
        return std::memcmp(ram->host() + address, disk.content.data() + sector * 512, sectors * 512) == 0;
    }

    FakeBus bus;
    FakeIrqSink irq;
    AddressSpace memory{"memory", bus.lock}, ports{"ports", bus.lock};
    std::unique_ptr<Ram> ram = Ram::create("ram", 1 * MiB).value();
    MemoryDisk disk;
    Dma8237 dma{"dma", memory};
    FloppyController fdc{"fdc", {{{true, 80}, {true, 80}, {}, {}}}, bus.clock, irq.line(), dma};
};

using Bytes = std::vector<u8>;

} // namespace

TEST_CASE("an image is known by its size") {
    CHECK(floppy_geometry(360 * KiB)->sectors == 9);
    CHECK(floppy_geometry(720 * KiB)->cylinders == 80);
    CHECK(floppy_geometry(1200 * KiB)->sectors == 15);
    CHECK(floppy_geometry(1440 * KiB)->sectors == 18);
    CHECK(floppy_geometry(2880 * KiB)->sectors == 36);
    CHECK_FALSE(floppy_geometry(1441 * KiB));
    Rig rig;
    MemoryDisk other(1000);
    CHECK_FALSE(rig.fdc.change_disk(0, &other));
}

TEST_CASE("a reset is followed by the poll of four drives") {
    Rig rig;
    CHECK(rig.in(msr) == 0); // in reset since power-on
    rig.start();
    CHECK(rig.in(msr) == 0x80);
    CHECK(rig.command({0x08}) == Bytes{0x80}); // nothing more to tell
}

TEST_CASE("a reset by the data rate register ends by itself") {
    Rig rig;
    rig.start();
    rig.out(msr, 0x80);
    CHECK(rig.in(msr) == 0);
    rig.pass();
    CHECK(rig.irq.level());
    CHECK(rig.command({0x08}) == Bytes{0xc0, 0});
}

TEST_CASE("DMA reads sectors until the terminal count, over both sides with MT") {
    Rig rig;
    rig.start();
    rig.seek(3);
    rig.set_dma(0x2'0000, 24 * 512, 0x44);
    rig.give({0xe6, 0, 3, 0, 10, 2, 18, 27, 0xff});
    CHECK((rig.in(msr) & 0x90) == 0x10);
    rig.pass();
    CHECK(rig.irq.level());
    CHECK(rig.results() == Bytes{0x00, 0, 0, 3, 1, 16, 2});
    CHECK_FALSE(rig.irq.level());
    CHECK(rig.memory_is(0x2'0000, (3 * 2 + 0) * 18 + 9, 24));
}

TEST_CASE("the identification after a transfer is that of the next sector") {
    Rig rig;
    rig.start();
    const auto read = [&](u8 first, u8 head, u8 head_select, u32 sectors, u8 code) {
        rig.set_dma(0x2'0000, sectors * 512, 0x44);
        return rig.command({code, head_select, 0, head, first, 2, 18, 27, 0xff});
    };
    CHECK(read(1, 0, 0, 1, 0x46) == Bytes{0, 0, 0, 0, 0, 2, 2});
    CHECK(read(18, 0, 0, 1, 0x46) == Bytes{0, 0, 0, 1, 0, 1, 2});
    CHECK(read(18, 0, 0, 1, 0xc6) == Bytes{0, 0, 0, 0, 1, 1, 2});
    CHECK(read(18, 1, 4, 1, 0xc6) == Bytes{4, 0, 0, 1, 0, 1, 2});
    CHECK(read(18, 0, 0, 2, 0x46) == Bytes{0x40, 0x80, 0, 1, 0, 1, 2}); // beyond the cylinder's end
}

TEST_CASE("DMA writes sectors, and fills the last with zeroes") {
    Rig rig;
    rig.start();
    const auto bytes = pattern(1000, 77);
    std::memcpy(rig.ram->host() + 0x2'0000, bytes.data(), bytes.size());
    rig.set_dma(0x2'0000, 1000, 0x48);
    CHECK(rig.command({0x45, 4, 0, 1, 3, 2, 18, 27, 0xff}) == Bytes{4, 0, 0, 0, 1, 5, 2});
    const u8* at = &rig.disk.content[(18 + 2) * 512];
    CHECK(std::memcmp(at, bytes.data(), 1000) == 0);
    CHECK(at[1000] == 0);
    CHECK(at[1023] == 0);
}

TEST_CASE("a transfer waits for its DMA channel") {
    Rig rig;
    rig.start();
    rig.out(0x0a, 6);
    rig.give({0x46, 0, 0, 0, 1, 2, 18, 27, 0xff});
    rig.pass(1'000'000);
    CHECK((rig.in(msr) & 0x90) == 0x10);
    CHECK_FALSE(rig.irq.level());
    rig.set_dma(0x2'0000, 512, 0x44);
    rig.pass();
    CHECK(rig.irq.level());
    CHECK(rig.results() == Bytes{0, 0, 0, 0, 0, 2, 2});
    CHECK(rig.memory_is(0x2'0000, 0, 1));
}

TEST_CASE("without DMA the host moves every byte, and the track's end is the transfer's") {
    Rig rig;
    rig.start();
    rig.command({0x03, 0xaf, 0x03});
    rig.give({0x46, 0, 0, 0, 17, 2, 18, 27, 0xff});
    rig.pass();
    for (u64 i = 0; i < 1024; ++i) {
        if (i == 512) rig.pass();
        REQUIRE((rig.in(msr) & 0xf0) == 0xf0);
        REQUIRE(rig.irq.level());
        REQUIRE(rig.in(fifo) == rig.disk.content[16 * 512 + i]);
    }
    rig.pass();
    CHECK(rig.results() == Bytes{0x40, 0x80, 0, 1, 0, 1, 2});
    rig.give({0x45, 0, 0, 0, 18, 2, 18, 27, 0xff});
    rig.pass();
    for (u64 i = 0; i < 512; ++i) {
        REQUIRE((rig.in(msr) & 0xf0) == 0xb0);
        rig.out(fifo, 0x99);
    }
    rig.pass();
    CHECK(rig.results() == Bytes{0x40, 0x80, 0, 1, 0, 1, 2});
    CHECK(rig.disk.content[17 * 512 + 511] == 0x99);
}

TEST_CASE("sectors that are not there end a command in error") {
    Rig rig;
    rig.start();
    rig.set_dma(0x2'0000, 512, 0x44);
    CHECK(rig.command({0x46, 0, 0, 0, 19, 2, 19, 27, 0xff}) == Bytes{0x40, 0x04, 0, 0, 0, 19, 2});
    CHECK(rig.command({0x46, 0, 5, 0, 1, 2, 18, 27, 0xff}) == Bytes{0x40, 0x04, 0x10, 5, 0, 1, 2}); // not seeked to
    CHECK(rig.command({0x46, 0, 0, 1, 1, 2, 18, 27, 0xff}) == Bytes{0x40, 0x04, 0, 0, 1, 1, 2});
    CHECK(rig.command({0x46, 0, 0, 0, 1, 3, 18, 27, 0xff}) == Bytes{0x40, 0x04, 0, 0, 0, 1, 2}); // 1024 bytes
    CHECK(rig.command({0x46, 0, 0, 0, 0, 2, 18, 27, 0xff}) == Bytes{0x40, 0x04, 0, 0, 0, 0, 2});
    CHECK(rig.command({0x46, 1, 0, 0, 1, 2, 18, 27, 0xff}) == Bytes{0x41, 0x01, 0, 0, 0, 1, 2}); // an empty drive
    rig.out(dir, 2);                                                                             // 250 kbit/s
    CHECK(rig.command({0x46, 0, 0, 0, 1, 2, 18, 27, 0xff}) == Bytes{0x40, 0x01, 0, 0, 0, 1, 2});
}

TEST_CASE("READ ID sees the sectors go by, at the right rate") {
    Rig rig;
    rig.start();
    CHECK(rig.command({0x4a, 0}) == Bytes{0, 0, 0, 0, 0, 1, 2});
    CHECK(rig.command({0x4a, 4}) == Bytes{4, 0, 0, 0, 1, 2, 2});
    rig.out(dir, 1);
    CHECK(rig.command({0x4a, 0})[1] == 1);
}

TEST_CASE("a write-protected disk is not written and says so") {
    Rig rig(sectors_1440, true);
    rig.start();
    rig.set_dma(0x2'0000, 512, 0x48);
    CHECK(rig.command({0x45, 0, 0, 0, 1, 2, 18, 27, 0xff}) == Bytes{0x40, 0x02, 0, 0, 0, 1, 2});
    CHECK(rig.command({0x4d, 0, 2, 18, 84, 0xf6})[1] == 0x02);
    CHECK(rig.command({0x04, 0}) == Bytes{0x78});
    CHECK(rig.command({0x04, 1}) == Bytes{0x39});
}

TEST_CASE("FORMAT TRACK fills the sectors it is given the marks of") {
    Rig rig;
    rig.start();
    rig.seek(2);
    for (u8 i = 0; i < 18; ++i) {
        const u8 mark[] = {2, 1, static_cast<u8>(i + 1), 2};
        std::memcpy(rig.ram->host() + 0x2'0000 + i * 4, mark, 4);
    }
    rig.set_dma(0x2'0000, 18 * 4, 0x48);
    CHECK(rig.command({0x4d, 4, 2, 18, 84, 0xf6})[0] == 4);
    for (u64 i = 0; i < 18 * 512; ++i) REQUIRE(rig.disk.content[(2 * 2 + 1) * 18 * 512 + i] == 0xf6);
    CHECK(rig.disk.content[(2 * 2 + 2) * 18 * 512] == pattern(sectors_1440 * 512, 1)[(2 * 2 + 2) * 18 * 512]);
}

TEST_CASE("the change line is high until the heads step with a disk in the drive") {
    Rig rig;
    rig.out(dor, 0x00);
    CHECK((rig.in(dir) & 0x80) == 0x80);
    rig.start();
    CHECK((rig.in(dir) & 0x80) == 0);
    rig.fdc.change_disk(0, nullptr);
    CHECK((rig.in(dir) & 0x80) == 0x80);
    rig.seek(1);
    CHECK((rig.in(dir) & 0x80) == 0x80); // still no disk
    rig.fdc.change_disk(0, &rig.disk);
    rig.seek(0);
    CHECK((rig.in(dir) & 0x80) == 0);
}

TEST_CASE("a recalibration makes 79 steps, and fails where there is no drive") {
    Rig rig;
    rig.start();
    rig.seek(82);
    rig.command({0x07, 0});
    CHECK(rig.command({0x08}) == Bytes{0x70, 3});
    rig.command({0x07, 0});
    CHECK(rig.command({0x08}) == Bytes{0x20, 0});
    rig.command({0x07, 2});
    CHECK(rig.command({0x08}) == Bytes{0x72, 0});
}

TEST_CASE("two drives can seek at once") {
    Rig rig;
    rig.start();
    rig.give({0x0f, 0, 10});
    CHECK(rig.in(msr) == 0x81);
    rig.give({0x0f, 1, 20});
    CHECK(rig.in(msr) == 0x83);
    rig.pass();
    CHECK(rig.irq.level());
    CHECK(rig.command({0x08}) == Bytes{0x20, 10});
    CHECK(rig.irq.level());
    CHECK(rig.command({0x08}) == Bytes{0x21, 20});
    CHECK_FALSE(rig.irq.level());
    rig.command({0xcf, 0, 5}); // relative
    CHECK(rig.command({0x08}) == Bytes{0x20, 15});
    rig.command({0x8f, 0, 3});
    CHECK(rig.command({0x08}) == Bytes{0x20, 12});
}

TEST_CASE("with implied seeks the heads go where the command says") {
    Rig rig;
    rig.start();
    rig.command({0x13, 0, 0x57, 0});
    rig.set_dma(0x2'0000, 512, 0x44);
    CHECK(rig.command({0x46, 0, 40, 0, 1, 2, 18, 27, 0xff}) == Bytes{0, 0, 0, 40, 0, 2, 2});
    CHECK(rig.memory_is(0x2'0000, 40 * 36, 1));
}

TEST_CASE("the chip tells its version and its registers, and LOCK keeps the FIFO's settings over a reset") {
    Rig rig;
    rig.start();
    CHECK(rig.command({0x10}) == Bytes{0x90});
    rig.seek(7);
    CHECK(rig.command({0x13, 0, 0x1a, 9}).empty());
    CHECK(rig.command({0x12, 0x84}).empty());
    CHECK(rig.command({0x94}) == Bytes{0x10});
    CHECK(rig.command({0x0e}) == Bytes{7, 0, 0, 0, 0xaf, 0x02, 0, 0x84, 0x1a, 9});
    rig.out(msr, 0x80);
    rig.pass();
    rig.results();
    CHECK(rig.command({0x0e})[8] == 0x0a);
    CHECK(rig.command({0x14}) == Bytes{0x00});
    rig.out(msr, 0x80);
    rig.pass();
    CHECK(rig.command({0x0e})[8] == 0x20);
}

TEST_CASE("a command the chip does not have gives 80h") {
    Rig rig;
    rig.start();
    CHECK(rig.command({0x1f}) == Bytes{0x80});
    CHECK(rig.command({0x00}) == Bytes{0x80});
}

TEST_CASE("a 360K disk in an 80-track drive has every other track") {
    Rig rig(720);
    rig.start(1);
    rig.seek(20);
    rig.set_dma(0x2'0000, 512, 0x44);
    CHECK(rig.command({0x46, 4, 10, 1, 9, 2, 9, 27, 0xff})[0] == 4);
    CHECK(rig.memory_is(0x2'0000, (10 * 2 + 1) * 9 + 8, 1));
}

TEST_CASE("VERIFY reads without moving anything") {
    Rig rig;
    rig.start();
    CHECK(rig.command({0x56, 0, 0, 0, 1, 2, 18, 27, 0xff}) == Bytes{0, 0, 0, 1, 0, 1, 2});
    CHECK(rig.command({0x56, 0x80, 0, 0, 1, 2, 18, 27, 3}) == Bytes{0, 0, 0, 0, 0, 4, 2});
    rig.disk.fail = true;
    CHECK(rig.command({0x56, 0, 0, 0, 1, 2, 18, 27, 0xff})[1] == 0x20);
}

TEST_CASE("the gate of DOR keeps interrupts from the line") {
    Rig rig;
    rig.start();
    rig.out(dor, 0x14);
    rig.command({0x07, 0});
    CHECK_FALSE(rig.irq.level());
    rig.out(dor, 0x1c);
    CHECK(rig.irq.level());
}

TEST_CASE("a read that waits for DMA survives a snapshot") {
    Rig rig;
    rig.start();
    rig.out(0x0a, 6);
    rig.give({0x46, 0, 0, 0, 2, 2, 18, 27, 0xff});
    rig.pass();
    const auto chip = save(rig.fdc), dma = save(rig.dma);
    rig.fdc.reset();
    rig.dma.reset();
    REQUIRE(restore(rig.dma, dma));
    REQUIRE(restore(rig.fdc, chip));
    rig.set_dma(0x2'0000, 512, 0x44);
    rig.pass();
    CHECK(rig.results() == Bytes{0, 0, 0, 0, 0, 3, 2});
    CHECK(rig.memory_is(0x2'0000, 1, 1));
}
