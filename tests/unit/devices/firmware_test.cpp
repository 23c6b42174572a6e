#include "devices/firmware/fw_cfg.hpp"
#include "devices/firmware/test_finisher.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

#include <bit>
#include <cstring>
#include <optional>

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 data = 0x00;
constexpr u64 selector = 0x08;
constexpr u64 dma_address = 0x10;
constexpr u64 descriptor_offset = 0x100;
constexpr u64 buffer_offset = 0x400;

struct Bench : FakeBus {
    Bench() { plug(fw_cfg, FwCfg::window_size_bytes); }
    void select(u16 key) { write(selector, std::byteswap(key), Width::half); }
    std::string read_text(u64 size_bytes) {
        std::string text;
        for (u64 i = 0; i < size_bytes; ++i) text += static_cast<char>(read(data, Width::byte));
        return text;
    }
    // Runs one DMA and returns the control word that the device left.
    u32 dma(u32 control, u32 length, u64 address = ram_base.value + buffer_offset) {
        const u32 head[] = {std::byteswap(control), std::byteswap(length)};
        const u64 target = std::byteswap(address);
        std::memcpy(ram->host() + descriptor_offset, head, sizeof head);
        std::memcpy(ram->host() + descriptor_offset + 8, &target, sizeof target);
        write(dma_address, std::byteswap(ram_base.value + descriptor_offset), Width::dword);
        u32 result = 0;
        std::memcpy(&result, ram->host() + descriptor_offset, sizeof result);
        return std::byteswap(result);
    }
    [[nodiscard]] std::string buffer(std::size_t size) const {
        return {reinterpret_cast<const char*>(ram->host() + buffer_offset), size};
    }
    FwCfg fw_cfg{"fw_cfg", memory};
};

struct RecordingPower final : PowerControl {
    void power_off(u32 code) override { exit_code = code; }
    void reset() override { ++resets; }
    std::optional<u32> exit_code;
    u32 resets = 0;
};

} // namespace

TEST_CASE("the signature item reads QEMU and the interface offers DMA") {
    Bench bench;
    bench.select(FwCfg::signature);
    REQUIRE(bench.read_text(4) == "QEMU");
    bench.select(FwCfg::interface_version);
    REQUIRE(bench.read(data) == 3);
    REQUIRE(bench.read(dma_address, Width::dword) == 0x4746'4320'554d'4551); // "QEMU CFG" in memory
    REQUIRE(bench.read(dma_address + 4) == 0x4746'4320);
}

TEST_CASE("however wide, reads give an item's bytes in order and zeros after its end") {
    Bench bench;
    bench.fw_cfg.add(0x15, {'a', 'b', 'c', 'd', 'e'});
    bench.select(0x15);
    REQUIRE(bench.read(data, Width::half) == 0x6261);
    REQUIRE(bench.read(data, Width::dword) == 0x656463);
    REQUIRE(bench.read(data, Width::byte) == 0);
    bench.select(0x15);
    REQUIRE(bench.read(data, Width::byte) == 'a');
}

TEST_CASE("an item that does not exist reads as zeros") {
    Bench bench;
    bench.select(0x7777);
    REQUIRE(bench.read(data, Width::dword) == 0);
}

TEST_CASE("files are listed in the order of their names with the keys under which they read") {
    Bench bench;
    REQUIRE(bench.fw_cfg.add_file("etc/zebra", {'z'}));
    REQUIRE(bench.fw_cfg.add_file("etc/ant", {'a', 'n'}));
    bench.select(FwCfg::file_directory);
    REQUIRE(bench.read_text(4) == std::string("\0\0\0\2", 4));
    REQUIRE(bench.read_text(8) == std::string("\0\0\0\2\0\x20\0\0", 8));
    REQUIRE(bench.read_text(56).c_str() == std::string("etc/ant"));
    REQUIRE(bench.read_text(8) == std::string("\0\0\0\1\0\x21\0\0", 8));
    REQUIRE(bench.read_text(56).c_str() == std::string("etc/zebra"));
    bench.select(0x20);
    REQUIRE(bench.read_text(2) == "an");
    bench.select(0x21);
    REQUIRE(bench.read_text(1) == "z");
}

TEST_CASE("a file needs a name of its own, not longer than its place in the directory") {
    Bench bench;
    REQUIRE(bench.fw_cfg.add_file(std::string(55, 'x'), {}));
    REQUIRE_FALSE(bench.fw_cfg.add_file(std::string(55, 'x'), {}));
    REQUIRE_FALSE(bench.fw_cfg.add_file(std::string(56, 'x'), {}));
    REQUIRE_FALSE(bench.fw_cfg.add_file("", {}));
}

TEST_CASE("a file that is made on demand is made anew whenever it is selected, and after a restore") {
    Bench bench;
    char what = 'a';
    REQUIRE(bench.fw_cfg.add_made_file("made", [&] { return std::vector<u8>(2, static_cast<u8>(what)); }));
    REQUIRE(bench.fw_cfg.add_file("other", {'x'}));
    what = 'b';
    bench.select(FwCfg::first_file);
    what = 'c';
    REQUIRE(bench.read_text(2) == "bb");
    bench.select(FwCfg::first_file + 1);
    REQUIRE(bench.read_text(1) == "x");
    bench.select(FwCfg::first_file);
    const std::vector<u8> saved = save(bench.fw_cfg);
    REQUIRE(bench.read_text(1) == "c");
    what = 'd';
    REQUIRE(restore(bench.fw_cfg, saved));
    REQUIRE(bench.read_text(2) == "dd");
}

TEST_CASE("a DMA selects, skips and reads, and pads with zeros") {
    Bench bench;
    bench.fw_cfg.add(0x11, {'k', 'e', 'r', 'n', 'e', 'l'});
    std::memset(bench.ram->host() + buffer_offset, 0xff, 16);
    REQUIRE(bench.dma(0x0011'000c, 2) == 0); // select and skip
    REQUIRE(bench.dma(0x02, 6) == 0);
    REQUIRE(bench.buffer(7) == std::string("rnel\0\0\xff", 7));
}

TEST_CASE("the DMA address may be written by halves, and the low half starts the transfer") {
    Bench bench;
    const u32 head[] = {std::byteswap(u32{0x0000'000a}), std::byteswap(u32{4})};
    const u64 target = std::byteswap(FakeBus::ram_base.value + buffer_offset);
    std::memcpy(bench.ram->host() + descriptor_offset, head, sizeof head);
    std::memcpy(bench.ram->host() + descriptor_offset + 8, &target, sizeof target);
    bench.write(dma_address, 0);
    bench.write(dma_address + 4, std::byteswap(static_cast<u32>(FakeBus::ram_base.value + descriptor_offset)));
    REQUIRE(bench.buffer(4) == "QEMU");
}

TEST_CASE("a DMA that writes, or whose buffer is not RAM, ends with the error bit") {
    Bench bench;
    REQUIRE(bench.dma(0x10, 4) == 1);
    REQUIRE(bench.dma(0x0000'000a, 4, FakeBus::device_base.value) == 1);
    REQUIRE(bench.dma(0x0000'000a, 0xffff'ffff) == 1);
    REQUIRE(bench.dma(0x0000'000a, 4, ~u64{0} - 1) == 1);
    REQUIRE(bench.dma(0x0000'000a, 4) == 0);
}

TEST_CASE("the test finisher turns verdicts into requests to the machine") {
    FakeBus bus;
    RecordingPower power;
    TestFinisher finisher("finisher", power);
    bus.plug(finisher, TestFinisher::window_size_bytes);
    bus.write(0, 0x1234);
    bus.write(4, 0x5555);
    REQUIRE_FALSE(power.exit_code.has_value());
    bus.write(0, 0x7777);
    REQUIRE(power.resets == 1);
    bus.write(0, 0x002a'3333);
    REQUIRE(power.exit_code == 42u);
    bus.write(0, 0x5555, Width::half);
    REQUIRE(power.exit_code == 0u);
}
