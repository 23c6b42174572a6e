#include "tests/support/vga_modes.hpp"

using namespace orrery;
using namespace orrery::test;

TEST_CASE("indexed registers are reached by bytes and by 16-bit writes") {
    VgaBench bench;
    bench.set(0x3ce, 8, 0x5a);
    REQUIRE(bench.get(0x3ce, 8) == 0x5a);
    bench.out(0x3c4, 2);
    bench.out(0x3c5, 0xff);
    REQUIRE(bench.get(0x3c4, 2) == 0x0f);
    REQUIRE(bench.in(0x3c4) == 2);
    bench.set(0x3ce, 12, 0xff); // there is none
    REQUIRE(bench.get(0x3ce, 12) == 0);
}

TEST_CASE("the CRTC is at 3B4 or 3D4, as the miscellaneous output register says") {
    VgaBench bench;
    bench.out(0x3c2, 0x66);
    REQUIRE(bench.in(0x3cc) == 0x66);
    bench.set(0x3b4, 0x0f, 0x12);
    REQUIRE(bench.get(0x3b4, 0x0f) == 0x12);
    REQUIRE(bench.in(0x3d5) == 0xff);
    bench.out(0x3c2, 0x67);
    REQUIRE(bench.get(0x3d4, 0x0f) == 0x12);
    REQUIRE(bench.in(0x3b5) == 0xff);
}

TEST_CASE("protected timing registers keep their values, but for line compare's bit") {
    VgaBench bench;
    bench.set_mode(mode_03);
    bench.set(0x3d4, 0x00, 0x11);
    bench.set(0x3d4, 0x07, 0x00);
    REQUIRE(bench.get(0x3d4, 0x00) == 0x5f);
    REQUIRE(bench.get(0x3d4, 0x07) == 0x0f);
    bench.set(0x3d4, 0x11, 0x0e);
    bench.set(0x3d4, 0x00, 0x11);
    REQUIRE(bench.get(0x3d4, 0x00) == 0x11);
}

TEST_CASE("the attribute port takes index and data in turn, and reading the status begins anew") {
    VgaBench bench;
    bench.out(0x3c2, 0x67);
    bench.in(0x3da);
    bench.out(0x3c0, 0x03);
    bench.out(0x3c0, 0x2a);
    bench.out(0x3c0, 0x04);
    bench.in(0x3da);
    bench.out(0x3c0, 0x03);
    REQUIRE(bench.in(0x3c1) == 0x2a);
    REQUIRE(bench.in(0x3c0) == 0x03);
    bench.in(0x3da);
    bench.out(0x3c0, 0x23); // the display has the palette now
    bench.out(0x3c0, 0x11);
    REQUIRE(bench.in(0x3c1) == 0x2a);
}

TEST_CASE("the DAC is written and read three components at a time, of six bits or eight") {
    VgaBench bench;
    bench.out(0x3c8, 0x10);
    for (const u8 value : std::array<u8, 6>{0xff, 0x20, 0x01, 0x02, 0x03, 0x04}) bench.out(0x3c9, value);
    REQUIRE(bench.in(0x3c8) == 0x12);
    REQUIRE(bench.in(0x3c7) == 0);
    bench.out(0x3c7, 0x10);
    REQUIRE(bench.in(0x3c7) == 3);
    for (const u8 value : std::array<u8, 4>{0x3f, 0x20, 0x01, 0x02}) REQUIRE(bench.in(0x3c9) == value);
    bench.set_dispi(vga::dispi::enable, vga::dispi::eight_bit_dac);
    bench.out(0x3c8, 0x00);
    bench.out(0x3c9, 0xff);
    bench.out(0x3c7, 0x00);
    REQUIRE(bench.in(0x3c9) == 0xff);
}

TEST_CASE("the beam runs at 70 Hz in mode 3 and shows its retraces in the status") {
    VgaBench bench;
    bench.set_mode(mode_03);
    REQUIRE((bench.in(0x3da) & 0x09) == 0x00); // the first dot
    // 100 characters of nine dots at 28.322 MHz: a line lasts 31.8 µs, of which 25.4 µs are shown.
    bench.advance(26'000);
    REQUIRE((bench.in(0x3da) & 0x09) == 0x01);
    bench.advance(412 * 31'777);
    REQUIRE((bench.in(0x3da) & 0x08) == 0x08); // lines 412 and 413
    bench.advance(2 * 31'777);
    REQUIRE((bench.in(0x3da) & 0x09) == 0x01);
    u32 retraces = 0;
    bool before = false;
    for (u32 i = 0; i < 50'000; ++i) {
        bench.advance(20'000);
        const bool now = (bench.in(0x3da) & 0x08) != 0;
        retraces += now && !before;
        before = now;
    }
    REQUIRE(retraces == 70);
}

TEST_CASE("a CRTC that no one has set up has retraces, too") {
    VgaBench bench;
    bench.out(0x3c2, 0x01);
    u32 seen = 0;
    for (u32 i = 0; i < 2000; ++i) {
        bench.advance(20'000);
        seen |= bench.in(0x3da) & 0x08 ? 1 : 2;
    }
    REQUIRE(seen == 3);
}

TEST_CASE("the window has four mappings, and none while video memory is disabled") {
    VgaBench bench;
    bench.set_mode(mode_12);
    const auto answers = [&](u64 address) {
        bench.poke(address, 0x5a);
        return bench.peek(address) == 0x5a;
    };
    struct {
        u8 select;
        u64 first, last;
    } const maps[] = {
        {0x01, 0xa'0000, 0xb'ffff}, {0x05, 0xa'0000, 0xa'ffff}, {0x09, 0xb'0000, 0xb'7fff}, {0x0d, 0xb'8000, 0xb'ffff}};
    for (const auto& map : maps) {
        bench.set(0x3ce, 6, map.select);
        INFO(+map.select);
        REQUIRE(answers(map.first));
        REQUIRE(answers(map.last));
        if (map.first > 0xa'0000) REQUIRE_FALSE(answers(map.first - 1));
        if (map.last < 0xb'ffff) REQUIRE_FALSE(answers(map.last + 1));
    }
    bench.out(0x3c2, 0xe1);
    REQUIRE(bench.peek(0xb'8000) == 0xff);
}

// ---- the graphics controller ----

namespace {

// Planar, with known bytes in the four planes at address 5.
struct PlanarBench : VgaBench {
    PlanarBench() {
        set_mode(mode_12);
        fill({0x0f, 0x33, 0x55, 0xff});
    }
    void fill(std::array<u8, 4> planes) { std::ranges::copy(planes, video_memory->host() + 20); }
    [[nodiscard]] std::array<u8, 4> planes() const {
        std::array<u8, 4> planes;
        std::copy_n(video_memory->host() + 20, 4, planes.begin());
        return planes;
    }
    void put(u8 value) { poke(0xa'0005, value); }
    u8 fetch() { return peek(0xa'0005); }
};
using Planes = std::array<u8, 4>;

} // namespace

TEST_CASE("read mode 0 gives the selected plane, read mode 1 where the colour matches") {
    PlanarBench bench;
    for (u8 plane = 0; plane < 4; ++plane) {
        bench.set(0x3ce, 4, plane);
        REQUIRE(bench.fetch() == Planes{0x0f, 0x33, 0x55, 0xff}[plane]);
    }
    bench.set(0x3ce, 5, 0x08);
    bench.set(0x3ce, 2, 0b1010); // planes 1 and 3 set, 0 and 2 clear
    REQUIRE(bench.fetch() == (0xf0 & 0x33 & 0xaa & 0xff));
    bench.set(0x3ce, 7, 0b0011); // planes 2 and 3 don't matter
    REQUIRE(bench.fetch() == (0xf0 & 0x33));
    bench.set(0x3ce, 7, 0);
    REQUIRE(bench.fetch() == 0xff);
}

TEST_CASE("write mode 0 rotates, sets and resets planes, and combines with the latches under the bit mask") {
    PlanarBench bench;
    bench.put(0x81);
    REQUIRE(bench.planes() == Planes{0x81, 0x81, 0x81, 0x81});
    bench.set(0x3ce, 3, 0x01); // rotate by one
    bench.put(0x81);
    REQUIRE(bench.planes() == Planes{0xc0, 0xc0, 0xc0, 0xc0});
    bench.set(0x3ce, 3, 0x00);
    bench.set(0x3ce, 0, 0b0101);
    bench.set(0x3ce, 1, 0b0011); // plane 0 set, plane 1 reset
    bench.put(0x3c);
    REQUIRE(bench.planes() == Planes{0xff, 0x00, 0x3c, 0x3c});
    bench.set(0x3ce, 1, 0);
    bench.set(0x3c4, 2, 0b1000); // only plane 3
    bench.put(0x77);
    REQUIRE(bench.planes() == Planes{0xff, 0x00, 0x3c, 0x77});
    bench.set(0x3c4, 2, 0b1111);

    const Planes latched{0x0f, 0x33, 0x55, 0xff};
    const auto combined = [&](u8 function, u8 value, u8 mask) {
        bench.fill(latched);
        bench.set(0x3ce, 3, static_cast<u8>(function << 3));
        bench.set(0x3ce, 8, mask);
        bench.fetch();
        bench.put(value);
        return bench.planes();
    };
    REQUIRE(combined(0, 0xaa, 0xf0) == Planes{0xaf, 0xa3, 0xa5, 0xaf});
    REQUIRE(combined(1, 0xaa, 0xff) == Planes{0x0a, 0x22, 0x00, 0xaa});
    REQUIRE(combined(2, 0xaa, 0xff) == Planes{0xaf, 0xbb, 0xff, 0xff});
    REQUIRE(combined(3, 0xaa, 0x0f) == Planes{0x05, 0x39, 0x5f, 0xf5});
}

TEST_CASE("write mode 1 copies the latches") {
    PlanarBench bench;
    bench.set(0x3ce, 5, 0x01);
    bench.fetch();
    bench.poke(0xa'0009, 0x00);
    REQUIRE(
        std::equal(bench.video_memory->host() + 20, bench.video_memory->host() + 24, bench.video_memory->host() + 36));
}

TEST_CASE("write mode 2 writes a colour under the bit mask") {
    PlanarBench bench;
    bench.set(0x3ce, 5, 0x02);
    bench.set(0x3ce, 8, 0x18);
    bench.fetch();
    bench.put(0b0110);
    REQUIRE(bench.planes() == Planes{0x07, 0x3b, 0x5d, 0xe7});
}

TEST_CASE("write mode 3 writes the set/reset colour where the rotated byte and the bit mask are set") {
    PlanarBench bench;
    bench.set(0x3ce, 5, 0x03);
    bench.set(0x3ce, 0, 0b0001);
    bench.set(0x3ce, 3, 0x04);
    bench.set(0x3ce, 8, 0x3f);
    bench.fetch();
    bench.put(0xf3); // rotated: 3f
    REQUIRE(bench.planes() == Planes{0x3f, 0x00, 0x40, 0xc0});
}

TEST_CASE("in text modes even bytes are characters in plane 0 and odd ones attributes in plane 1") {
    VgaBench bench;
    bench.set_mode(mode_03);
    bench.poke(0xb'8000, 0x0742'1f41, Width::word);
    const u8* memory = bench.video_memory->host();
    REQUIRE(memory[0] == 0x41);
    REQUIRE(memory[1] == 0x1f);
    REQUIRE(memory[8] == 0x42);
    REQUIRE(memory[9] == 0x07);
    REQUIRE(bench.peek(0xb'8002) == 0x42);
    REQUIRE(bench.peek(0xb'8003) == 0x07);
}

TEST_CASE("chain-4 spreads bytes over the planes, where unchained modes find them") {
    VgaBench bench;
    bench.set_mode(mode_13);
    for (u32 i = 0; i < 8; ++i) bench.poke(0xa'0000 + i, 0x10 + i);
    for (u32 i = 0; i < 8; ++i) REQUIRE(bench.peek(0xa'0000 + i) == 0x10 + i);
    bench.set(0x3c4, 4, 0x06);
    bench.set(0x3ce, 4, 2);
    REQUIRE(bench.peek(0xa'0000) == 0x12);
    REQUIRE(bench.peek(0xa'0004) == 0x16);
    bench.set(0x3c4, 4, 0x0e);
    bench.poke(0xa'c001, 0x77); // the upper address bits become the lowest of the planes'
    REQUIRE(bench.video_memory->host()[0xc003 * 4 + 1] == 0x77);
}

TEST_CASE("a restored VGA shows and says what it did") {
    VgaBench bench;
    bench.set_mode(mode_03);
    bench.set_plain_palette();
    bench.poke(0xb'8000, 0x1f41, Width::half);
    const Image before = bench.image();
    const std::vector<u8> saved = save(bench.vga);
    bench.vga.reset();
    REQUIRE(bench.image().pixels != before.pixels);
    REQUIRE(restore(bench.vga, saved));
    REQUIRE(save(bench.vga) == saved);
    REQUIRE(bench.image().pixels == before.pixels);
}
