#include <cstring>
#include <numeric>

#include "devices/dma/i8237.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// A PC's memory begins at 0.
struct Bench {
    Bench() {
        memory.map({{0}, ram->size_bytes(), ram.get(), 0, false, nullptr, "ram"}).value();
        map(Dma8237::first_base, Dma8237::first_ports, dma.first());
        map(Dma8237::second_base, Dma8237::second_ports, dma.second());
        map(Dma8237::page_base, Dma8237::page_ports, dma.pages());
    }
    void map(u64 base, u64 size, IoHandler& handler) {
        ports.map({.base = {base}, .size_bytes = size, .io = &handler, .name = "dma"}).value();
    }
    u8 in(u64 port) { return static_cast<u8>(*ports.read({port}, Width::byte)); }
    void out(u64 port, u64 value) { REQUIRE(ports.write({port}, value, Width::byte)); }
    void out_twice(u64 port, u64 value) {
        out(port, value & 0xff);
        out(port, value >> 8);
    }
    // As a driver programs channel 2: mask, flip-flop, mode, address, page, count, unmask.
    void program_2(u32 address, u32 bytes, u8 mode) {
        out(0x0a, 6);
        out(0x0c, 0);
        out(0x0b, mode | 2U);
        out_twice(0x04, address & 0xffff);
        out(0x81, address >> 16);
        out_twice(0x05, bytes - 1);
        out(0x0a, 2);
    }
    void allow_cascade() {
        out(0xd6, 0xc0);
        out(0xd4, 0);
    }

    MachineLock lock;
    AddressSpace memory{"memory", lock}, ports{"ports", lock};
    std::unique_ptr<Ram> ram = Ram::create("ram", 1 * MiB).value();
    Dma8237 dma{"dma", memory};
};

std::vector<u8> numbers(std::size_t count) {
    std::vector<u8> made(count);
    std::iota(made.begin(), made.end(), u8{1});
    return made;
}

} // namespace

TEST_CASE("a device's bytes go to memory up to the terminal count, which masks the channel") {
    Bench bench;
    bench.allow_cascade();
    bench.program_2(0x2'3450, 100, 0x44);
    auto bytes = numbers(128);
    auto moved = bench.dma.transfer(2, std::span(bytes).first(40), true);
    CHECK(moved.bytes == 40);
    CHECK_FALSE(moved.terminal_count);
    moved = bench.dma.transfer(2, std::span(bytes).subspan(40), true);
    CHECK(moved.bytes == 60);
    CHECK(moved.terminal_count);
    CHECK(std::memcmp(bench.ram->host() + 0x23450, bytes.data(), 100) == 0);
    CHECK(bench.ram->host()[0x23450 + 100] == 0);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 0);
    CHECK(bench.in(0x08) == 0x04);
    CHECK(bench.in(0x08) == 0x00); // reading cleared it
    CHECK((bench.in(0x0f) & 4) == 4);
}

TEST_CASE("memory goes to a device, and current address and count can be read on the way") {
    Bench bench;
    bench.allow_cascade();
    const auto wanted = numbers(64);
    std::memcpy(bench.ram->host() + 0x1000, wanted.data(), 64);
    bench.program_2(0x1000, 64, 0x48);
    std::vector<u8> bytes(64);
    CHECK(bench.dma.transfer(2, std::span(bytes).first(10), false).bytes == 10);
    bench.out(0x0c, 0);
    CHECK(bench.in(0x04) == 0x0a);
    CHECK(bench.in(0x04) == 0x10);
    CHECK(bench.in(0x05) == 53);
    CHECK(bench.in(0x05) == 0);
    CHECK(bench.dma.transfer(2, std::span(bytes).subspan(10), false).terminal_count);
    CHECK(bytes == wanted);
}

TEST_CASE("an autoinitialised channel starts anew after its terminal count") {
    Bench bench;
    bench.allow_cascade();
    bench.program_2(0x1000, 16, 0x54);
    auto bytes = numbers(32);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 16);
    const auto moved = bench.dma.transfer(2, std::span(bytes).subspan(16), true);
    CHECK(moved.bytes == 16);
    CHECK(moved.terminal_count);
    CHECK(bench.ram->host()[0x1000] == 17);
}

TEST_CASE("a channel can count down, and wraps within its page") {
    Bench bench;
    bench.allow_cascade();
    auto bytes = numbers(4);
    bench.program_2(0x1'0001, 4, 0x64);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 4);
    CHECK(bench.ram->host()[0x1'0001] == 1);
    CHECK(bench.ram->host()[0x1'0000] == 2);
    CHECK(bench.ram->host()[0x1'ffff] == 3);
    bench.program_2(0x1'fffe, 4, 0x44);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 4);
    CHECK(bench.ram->host()[0x1'fffe] == 1);
    CHECK(bench.ram->host()[0x1'0000] == 3);
    CHECK(bench.ram->host()[0x2'0000] == 0);
}

TEST_CASE("a verify transfer counts and moves nothing") {
    Bench bench;
    bench.allow_cascade();
    bench.program_2(0x1000, 16, 0x40);
    auto bytes = numbers(16);
    const auto moved = bench.dma.transfer(2, bytes, true);
    CHECK(moved.bytes == 16);
    CHECK(moved.terminal_count);
    CHECK(bench.ram->host()[0x1000] == 0);
}

TEST_CASE("masks, a disabled controller and a missing cascade stop transfers") {
    Bench bench;
    auto bytes = numbers(4);
    bench.program_2(0x1000, 16, 0x44);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 0); // no cascade
    bench.allow_cascade();
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 4);
    bench.out(0x08, 4);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 0);
    bench.out(0x08, 0);
    bench.out(0x0f, 0x0f);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 0);
    bench.out(0x0e, 0);
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 4);
    bench.out(0x0d, 0); // master clear masks all
    CHECK(bench.dma.transfer(2, bytes, true).bytes == 0);
}

TEST_CASE("channels 5 to 7 move halves, with addresses in halves") {
    Bench bench;
    bench.out(0xd8, 0);
    bench.out(0xd6, 0x45);
    bench.out_twice(0xc4, 0x8000);
    bench.out(0x8b, 0x05); // the lowest bit of the page doesn't count
    bench.out_twice(0xc6, 3);
    bench.out(0xd4, 1);
    auto bytes = numbers(16);
    const auto moved = bench.dma.transfer(5, bytes, true);
    CHECK(moved.bytes == 8);
    CHECK(moved.terminal_count);
    CHECK(bench.ram->host()[0x5'0000] == 1);
    CHECK(bench.in(0xd0) == 2);
}

TEST_CASE("a device that waits is told when its channel is ready") {
    struct Device final : DmaDevice {
        void dma_ready() override { ++calls; }
        u32 calls = 0;
    } device;
    Bench bench;
    bench.allow_cascade();
    bench.dma.connect(2, device);
    bench.program_2(0x1000, 16, 0x44);
    CHECK(device.calls == 0);
    bench.out(0x0a, 6);
    bench.dma.set_request(2, true);
    CHECK(bench.in(0x08) == 0x40);
    CHECK(device.calls == 0);
    bench.out(0x0a, 2);
    CHECK(device.calls == 1);
}

TEST_CASE("the page registers that no channel has keep what they are given") {
    Bench bench;
    bench.out(0x80, 0x55);
    bench.out(0x86, 0xaa);
    CHECK(bench.in(0x80) == 0x55);
    CHECK(bench.in(0x86) == 0xaa);
}
