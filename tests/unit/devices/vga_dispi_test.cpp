#include "devices/display/vga/vga_pci.hpp"
#include "tests/support/vga_modes.hpp"

#include <cstring>

using namespace orrery;
using namespace orrery::test;
using namespace orrery::vga;

namespace {

struct LinearBench : VgaBench {
    explicit LinearBench(u64 video_memory_bytes = 16 * MiB) : VgaBench(video_memory_bytes) {
        out(0x3c2, 0x67);
        show();
    }
    void set_size(u16 columns, u16 rows, u16 bits, u16 flags = 0x41) {
        set_dispi(dispi::enable, 0);
        set_dispi(dispi::columns, columns);
        set_dispi(dispi::rows, rows);
        set_dispi(dispi::bits, bits);
        set_dispi(dispi::enable, flags);
    }
    u16 get_dispi(u16 index) { return vga.read_dispi(index); }
    u8* bytes() { return video_memory->host(); }
};

} // namespace

TEST_CASE("the dispi ports name versions B0C0 to B0C5") {
    LinearBench bench;
    REQUIRE(bench.ports.write({0x1ce}, 0, Width::half));
    REQUIRE(bench.ports.read({0x1ce}, Width::half) == 0);
    // The data port is odd: CPUs reach it by its two bytes, the lower first.
    const auto data = [&] { return bench.in(0x1cf) | bench.in(0x1d0) * 256U; };
    REQUIRE(data() == 0xb0c5);
    for (const u32 version : {0xb0c0U, 0xb0c4U, 0xb0c6U, 0x1234U}) {
        bench.out(0x1cf, static_cast<u8>(version));
        bench.out(0x1d0, static_cast<u8>(version >> 8));
        REQUIRE(data() == (version <= 0xb0c5 && version >= 0xb0c0 ? version : 0xb0c4));
    }
}

TEST_CASE("the capabilities are the largest values, and the memory is counted in 64 KiB") {
    LinearBench bench;
    bench.set_dispi(dispi::enable, 0x02);
    REQUIRE(bench.get_dispi(dispi::columns) == 2560);
    REQUIRE(bench.get_dispi(dispi::rows) == 1600);
    REQUIRE(bench.get_dispi(dispi::bits) == 32);
    bench.set_dispi(dispi::enable, 0);
    REQUIRE(bench.get_dispi(dispi::columns) == 0);
    REQUIRE(bench.get_dispi(dispi::memory_64k) == 256);
    bench.set_dispi(dispi::bits, 7);
    REQUIRE(bench.get_dispi(dispi::bits) == 8);
}

TEST_CASE("enabling a mode clears what it shows, unless it is asked not to") {
    LinearBench bench;
    std::memset(bench.bytes(), 0x55, 640 * 480 + 1);
    bench.set_size(640, 480, 8);
    REQUIRE(bench.bytes()[640 * 480 - 1] == 0);
    REQUIRE(bench.bytes()[640 * 480] == 0x55);
    bench.bytes()[0] = 0x66;
    bench.set_size(640, 480, 8, 0xc1);
    REQUIRE(bench.bytes()[0] == 0x66);
}

TEST_CASE("pixels of 8, 15, 16, 24 and 32 bits are shown in their colours") {
    LinearBench bench;
    bench.set_plain_palette();
    const auto first = [&](u16 bits, std::initializer_list<u8> pixels) {
        bench.set_size(64, 2, bits);
        std::copy(pixels.begin(), pixels.end(), bench.bytes());
        const Image image = bench.image();
        REQUIRE(image.width == 64);
        REQUIRE(image.height == 2);
        return std::pair(image.row(0)[0], image.row(0)[1]);
    };
    REQUIRE(first(8, {0x12, 0xff}) == std::pair(VgaBench::plain(0x12), VgaBench::plain(0xff)));
    REQUIRE(first(15, {0x00, 0x7c, 0xff, 0x03}) == std::pair(0xff'0000U, 0x00'ffffU));
    REQUIRE(first(16, {0x00, 0xf8, 0xe0, 0x07}) == std::pair(0xff'0000U, 0x00'ff00U));
    REQUIRE(first(16, {0x10, 0x84, 0x08, 0x42}) == std::pair(0x84'8284U, 0x42'4142U));
    REQUIRE(first(24, {1, 2, 3, 4, 5, 6}) == std::pair(0x03'0201U, 0x06'0504U));
    REQUIRE(first(32, {1, 2, 3, 0xff, 4, 5, 6, 0xff}) == std::pair(0x03'0201U, 0x06'0504U));
}

TEST_CASE("with eight bits a component the palette's colours are whole") {
    LinearBench bench;
    bench.set_size(64, 2, 8, 0x61);
    bench.out(0x3c8, 7);
    for (const u8 value : std::array<u8, 3>{0xfe, 0xdc, 0xba}) bench.out(0x3c9, value);
    bench.bytes()[0] = 7;
    REQUIRE(bench.image().row(0)[0] == 0xfe'dcba);
}

TEST_CASE("a virtual screen is wider than what is shown, which begins at the offsets") {
    LinearBench bench;
    bench.set_size(320, 200, 32);
    bench.set_dispi(dispi::virtual_width, 1024);
    REQUIRE(bench.get_dispi(dispi::virtual_height) == 4096);
    bench.set_dispi(dispi::x_offset, 100);
    bench.set_dispi(dispi::y_offset, 50);
    const u32 color = 0x12'3456;
    std::memcpy(bench.bytes() + (50 * 1024 + 100) * 4, &color, 4);
    std::memcpy(bench.bytes() + (51 * 1024 + 101) * 4, &color, 4);
    const Image image = bench.image();
    REQUIRE(image.row(0)[0] == color);
    REQUIRE(image.row(1)[1] == color);
    bench.set_dispi(dispi::virtual_width, 100);
    REQUIRE(bench.get_dispi(dispi::virtual_width) == 320);
}

TEST_CASE("what lies beyond video memory is black and costs nothing") {
    LinearBench bench(1 * MiB);
    bench.set_size(2560, 1600, 32, 0xc1);
    std::memset(bench.bytes(), 0xff, 1 * MiB);
    const Image image = bench.image();
    REQUIRE(image.row(101)[2559] == 0xff'ffff);
    REQUIRE(image.row(102)[0] == 0); // 102 rows and a part of one fit
    bench.set_dispi(dispi::x_offset, 0xffff);
    bench.set_dispi(dispi::y_offset, 0xffff);
    REQUIRE(bench.image().row(0)[0] == 0);
}

TEST_CASE("banks show linear memory in the window at A0000h") {
    LinearBench bench;
    bench.set_size(1024, 768, 8);
    bench.set_dispi(dispi::bank, 3);
    bench.poke(0xa'0010, 0x1122'3344, Width::word);
    REQUIRE(std::memcmp(bench.bytes() + 3 * 64 * KiB + 16, "\x44\x33\x22\x11", 4) == 0);
    REQUIRE(bench.peek(0xa'0011) == 0x33);
    REQUIRE(bench.peek(0xb'0000) == 0xff);
    bench.set_dispi(dispi::bank, 256); // there are 256
    REQUIRE(bench.get_dispi(dispi::bank) == 3);
}

TEST_CASE("four bits a pixel are four planes, as wide as the dispi registers say") {
    LinearBench bench;
    bench.set_mode(mode_12);
    bench.set_plain_palette();
    bench.set_size(800, 600, 4);
    bench.set(0x3c4, 2, 0x05);
    bench.poke(0xa'0000 + 599 * 100 + 99, 0x01);
    const Image image = bench.image();
    REQUIRE(image.width == 800);
    REQUIRE(image.height == 600);
    REQUIRE(image.row(599)[799] == bench.plain(5));
    REQUIRE(image.row(599)[798] == bench.plain(0));
}

TEST_CASE("disabled again, the screen is the VGA's own") {
    LinearBench bench;
    bench.set_mode(mode_13);
    bench.set_size(800, 600, 32);
    REQUIRE(bench.image().width == 800);
    bench.set_dispi(dispi::enable, 0);
    REQUIRE(bench.image().width == 320);
}

TEST_CASE("the PCI card has video memory in BAR 0, registers in BAR 2 and a ROM") {
    LinearBench bench;
    const auto rom = Ram::create("rom", 64 * KiB).value();
    VgaPci card("card", bench.vga, rom.get());
    REQUIRE(card.read_config(0x00, Width::word) == 0x1111'1234);
    REQUIRE(card.read_config(0x0b, Width::byte) == 0x03);
    card.write_config(0x10, 0xffff'ffff, Width::word);
    REQUIRE(card.read_config(0x10, Width::word) == 0xff00'0008);
    card.write_config(0x10, 0xe000'0000, Width::word);
    card.write_config(0x18, 0xf000'0000, Width::word);
    card.write_config(0x30, 0xf100'0001, Width::word);
    card.write_config(0x04, 0x0003, Width::word);
    const auto windows = card.enabled_windows();
    REQUIRE(windows.size() == 3);
    REQUIRE(windows[0].ram == bench.video_memory.get());
    REQUIRE(windows[2].ram == rom.get());
    REQUIRE(windows[2].read_only);

    IoHandler& registers = *windows[1].handler;
    REQUIRE(registers.read(0x500, Width::half) == 0xb0c5);
    registers.write(0x502, 1280, Width::half);
    REQUIRE(bench.get_dispi(dispi::columns) == 1280);
    REQUIRE(registers.read(0x514, Width::half) == 256);
    REQUIRE(registers.read(0x516, Width::half) == 0);
    registers.write(0x404, 0x0f02, Width::half); // sequencer index and data
    REQUIRE(bench.get(0x3c4, 2) == 0x0f);
    REQUIRE(registers.read(0x40c, Width::byte) == 0x67);
    REQUIRE(registers.read(0x600, Width::half) == 8);
    REQUIRE(registers.read(0x604, Width::half) == 0x1e1e);
    REQUIRE(registers.read(0x000, Width::half) == 0);
}
