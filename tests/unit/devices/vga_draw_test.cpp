#include "devices/display/screen_feed.hpp"
#include "devices/display/vga/scan.hpp"
#include "tests/support/vga_modes.hpp"

#include <algorithm>
#include <string>

using namespace orrery;
using namespace orrery::test;

namespace {

// A part of an image as text: one letter for each colour named, '?' for any other.
std::string art(const Image& image, u32 left, u32 top, u32 width, u32 height, std::vector<std::pair<u32, char>> names) {
    std::string text;
    for (u32 y = top; y < top + height; ++y) {
        for (u32 x = left; x < left + width; ++x) {
            const auto name = std::ranges::find(names, image.row(y)[x], &std::pair<u32, char>::first);
            text += name == names.end() ? '?' : name->second;
        }
        text += '\n';
    }
    return text;
}

struct Glyph {
    char character;
    std::array<u8, 8> rows;
};
constexpr Glyph font[] = {{'H', {0xc6, 0xc6, 0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0x00}},
                          {'e', {0x00, 0x00, 0x7c, 0xc6, 0xfe, 0xc0, 0x7c, 0x00}},
                          {'l', {0x38, 0x18, 0x18, 0x18, 0x18, 0x18, 0x3c, 0x00}},
                          {'o', {0x00, 0x00, 0x7c, 0xc6, 0xc6, 0xc6, 0x7c, 0x00}},
                          {'\xc4', {0x00, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00}}};

struct TextBench : VgaBench {
    TextBench() {
        set_mode(mode_03);
        set_plain_palette();
        load_font(0);
        set(crtc_port, 0x0a, 0x20); // no cursor
    }
    // As a BIOS does: plane 2 alone, byte after byte at A0000h, then back to text.
    void load_font(u32 base) {
        set(0x3c4, 2, 0x04);
        set(0x3c4, 4, 0x07);
        set(0x3ce, 4, 0x02);
        set(0x3ce, 5, 0x00);
        set(0x3ce, 6, 0x04);
        for (const Glyph& glyph : font)
            for (u32 row = 0; row < 8; ++row)
                poke(0xa'0000 + base + static_cast<u8>(glyph.character) * 32U + row, glyph.rows[row]);
        set(0x3c4, 2, 0x03);
        set(0x3c4, 4, 0x02);
        set(0x3ce, 4, 0x00);
        set(0x3ce, 5, 0x10);
        set(0x3ce, 6, 0x0e);
    }
    void type(u32 column, u32 row, std::string_view text, u8 attribute) {
        u64 at = 0xb'8000 + (row * 80 + column) * 2;
        for (const char character : text) {
            poke(at, static_cast<u64>(attribute) << 8 | static_cast<u8>(character), Width::half);
            at += 2;
        }
    }
};

} // namespace

TEST_CASE("text is drawn from its font in cells of nine dots") {
    TextBench bench;
    bench.type(0, 0, "Hello", 0x1f);
    const Image image = bench.image();
    REQUIRE(image.width == 720);
    REQUIRE(image.height == 400);
    // White on blue; colour 15 is entry 3F of the DAC.
    REQUIRE(art(image, 0, 0, 46, 9, {{bench.plain(0x3f), '#'}, {bench.plain(1), '.'}, {bench.plain(0), ' '}}) ==
            "##...##.............###......###............. \n"
            "##...##..............##.......##............. \n"
            "##...##...#####......##.......##.....#####... \n"
            "#######..##...##.....##.......##....##...##.. \n"
            "##...##..#######.....##.......##....##...##.. \n"
            "##...##..##..........##.......##....##...##.. \n"
            "##...##...#####.....####.....####....#####... \n"
            "............................................. \n"
            "............................................. \n");
}

TEST_CASE("line graphics go on in the ninth dot, other characters end in the background") {
    TextBench bench;
    bench.type(0, 1, "\xc4\xc4", 0x07);
    const auto row = [&] { return art(bench.image(), 0, 19, 18, 1, {{bench.plain(7), '#'}, {bench.plain(0), '.'}}); };
    REQUIRE(row() == "##################\n");
    bench.set_attribute(0x10, 0x08);
    bench.show();
    REQUIRE(row() == "########.########.\n");
}

TEST_CASE("cells of eight dots, and fifty rows of eight lines, fill the screen as they say") {
    TextBench bench;
    bench.set(0x3c4, 1, 0x01);
    bench.set(0x3d4, 0x09, 0x47);
    bench.type(0, 49, "H", 0x07);
    const Image image = bench.image();
    REQUIRE(image.width == 640);
    REQUIRE(image.height == 400);
    REQUIRE(art(image, 0, 392, 10, 8, {{bench.plain(7), '#'}, {bench.plain(0), '.'}}) == "##...##...\n"
                                                                                         "##...##...\n"
                                                                                         "##...##...\n"
                                                                                         "#######...\n"
                                                                                         "##...##...\n"
                                                                                         "##...##...\n"
                                                                                         "##...##...\n"
                                                                                         "..........\n");
}

TEST_CASE("attribute bit 3 chooses the second font when there are two") {
    TextBench bench;
    bench.type(0, 0, "H", 0x0f);
    bench.set(0x3c4, 3, 0x04); // font A is the one at 4000h, which is empty
    const auto row = [&] { return art(bench.image(), 0, 0, 9, 1, {{bench.plain(0x3f), '#'}, {bench.plain(0), '.'}}); };
    REQUIRE(row() == ".........\n");
    bench.load_font(0x4000);
    bench.set(0x3c4, 3, 0x04);
    REQUIRE(row() == "##...##..\n");
}

TEST_CASE("attribute bit 7 blinks, or is the background's intensity") {
    TextBench bench;
    bench.type(0, 0, "H", 0x97);
    const auto row = [&](u32 background) {
        return art(bench.image(), 0, 0, 9, 1, {{bench.plain(7), '#'}, {background, '.'}});
    };
    REQUIRE(row(bench.plain(1)) == "##...##..\n");
    bench.advance(16 * 14'269'000); // sixteen frames
    REQUIRE(row(bench.plain(1)) == ".........\n");
    bench.advance(16 * 14'269'000);
    REQUIRE(row(bench.plain(1)) == "##...##..\n");
    bench.set_attribute(0x10, 0x04);
    bench.show();
    REQUIRE(row(bench.plain(0x39)) == "##...##..\n");
}

TEST_CASE("the cursor covers its lines of its cell, and blinks") {
    TextBench bench;
    bench.type(0, 0, "  ", 0x07);
    bench.set(0x3d4, 0x0a, 0x0d);
    bench.set(0x3d4, 0x0f, 0x01);
    const auto column = [&] {
        const Image image = bench.image();
        return art(image, 8, 12, 3, 4, {{bench.plain(7), '#'}, {bench.plain(0), '.'}});
    };
    REQUIRE(column() == "...\n.##\n.##\n...\n");
    bench.advance(8 * 14'269'000);
    REQUIRE(column() == "...\n...\n...\n...\n");
}

TEST_CASE("a split screen shows memory from its beginning below the line compared, and panning may stop there") {
    TextBench bench;
    bench.type(0, 0, "H", 0x07);
    bench.set(0x3d4, 0x0c, 0x10); // the upper part begins elsewhere
    bench.set(0x3d4, 0x18, 99);   // lines 0 to 99
    bench.set(0x3d4, 0x11, 0x0e);
    bench.set(0x3d4, 0x07, 0x0f);
    bench.set(0x3d4, 0x09, 0x0f);
    const auto rows = [&](u32 top) {
        return art(bench.image(), 0, top, 9, 2, {{bench.plain(7), '#'}, {bench.plain(0), '.'}});
    };
    REQUIRE(rows(0) == ".........\n.........\n");
    REQUIRE(rows(99) == ".........\n##...##..\n");
    bench.set(0x3c4, 1, 0x01);
    bench.set_attribute(0x13, 0x01);
    bench.show();
    REQUIRE(rows(100) == "#...##...\n#...##...\n");
    bench.set_attribute(0x10, 0x2c);
    bench.show();
    REQUIRE(rows(100) == "##...##..\n##...##..\n");
}

TEST_CASE("the screen is black while the palette belongs to the CPU or the sequencer has it off") {
    TextBench bench;
    bench.type(0, 0, "H", 0x1f);
    const Image shown = bench.image();
    bench.in(0x3da);
    bench.out(0x3c0, 0x00);
    const auto black = [&] { return std::ranges::all_of(bench.image().pixels, [](u32 pixel) { return pixel == 0; }); };
    REQUIRE(black());
    bench.show();
    REQUIRE(bench.image().pixels == shown.pixels);
    bench.set(0x3c4, 1, 0x20);
    REQUIRE(black());
    REQUIRE(VgaBench().image().width == 720); // from power-on
}

// ---- graphics ----

TEST_CASE("mode 12h shows what write mode 2 plots, through the palette of sixteen") {
    VgaBench bench;
    bench.set_mode(mode_12);
    bench.set_plain_palette();
    const auto color = [](u32 x, u32 y) { return (x / 3 + y) % 16; };
    bench.set(0x3ce, 5, 0x02);
    for (u32 y = 0; y < 480; y += 37)
        for (u32 x = 0; x < 640; ++x) {
            bench.set(0x3ce, 8, static_cast<u8>(0x80 >> x % 8));
            bench.peek(0xa'0000 + y * 80 + x / 8);
            bench.poke(0xa'0000 + y * 80 + x / 8, color(x, y));
        }
    const Image image = bench.image();
    REQUIRE(image.width == 640);
    REQUIRE(image.height == 480);
    u32 wrong = 0;
    for (u32 y = 0; y < 480; ++y)
        for (u32 x = 0; x < 640; ++x)
            wrong += image.row(y)[x] != bench.plain(y % 37 == 0 ? mode_12.attribute[color(x, y)] : 0);
    REQUIRE(wrong == 0);
}

TEST_CASE("mode 13h shows 320 by 200 bytes, and panning moves them by pixels") {
    VgaBench bench;
    bench.set_mode(mode_13);
    bench.set_plain_palette();
    const auto color = [](u32 x, u32 y) { return (x * 7 + y * 13) & 0xff; };
    for (u32 y = 0; y < 200; ++y)
        for (u32 x = 0; x < 320; ++x) bench.poke(0xa'0000 + y * 320 + x, color(x, y));
    const auto wrong = [&](u32 shift) {
        const Image image = bench.image();
        REQUIRE(image.width == 320);
        REQUIRE(image.height == 200);
        u32 count = 0;
        for (u32 y = 0; y < 200; ++y)
            for (u32 x = 0; x + shift < 320; ++x) count += image.row(y)[x] != bench.plain(color(x + shift, y));
        return count;
    };
    REQUIRE(wrong(0) == 0);
    bench.set_attribute(0x13, 0x06);
    bench.show();
    REQUIRE(wrong(3) == 0);
    bench.set(0x3d4, 0x0d, 0x01); // from the next four pixels on
    bench.set_attribute(0x13, 0x00);
    bench.show();
    REQUIRE(wrong(4) == 0);
}

TEST_CASE("mode X shows 320 by 240 pixels of four planes, from any page") {
    VgaBench bench;
    bench.set_mode(mode_x);
    bench.set_plain_palette();
    const auto color = [](u32 x, u32 y) { return (x * 3 + y * 5 + 1) & 0xff; };
    const u32 page = 0x4b00;
    for (u32 plane = 0; plane < 4; ++plane) {
        bench.set(0x3c4, 2, static_cast<u8>(1 << plane));
        for (u32 y = 0; y < 240; ++y)
            for (u32 x = plane; x < 320; x += 4) bench.poke(0xa'0000 + page + y * 80 + x / 4, color(x, y));
    }
    bench.set(0x3d4, 0x0c, page >> 8);
    const Image image = bench.image();
    REQUIRE(image.width == 320);
    REQUIRE(image.height == 240);
    u32 wrong = 0;
    for (u32 y = 0; y < 240; ++y)
        for (u32 x = 0; x < 320; ++x) wrong += image.row(y)[x] != bench.plain(color(x, y));
    REQUIRE(wrong == 0);
}

TEST_CASE("mode 4 has the CGA's four colours and two banks of rows") {
    VgaBench bench;
    bench.set_mode(mode_04);
    bench.set_plain_palette();
    const auto color = [](u32 x, u32 y) { return (x + y / 3) % 4; };
    for (u32 y = 0; y < 200; ++y)
        for (u32 x = 0; x < 320; x += 4) {
            u32 packed = 0;
            for (u32 i = 0; i < 4; ++i) packed |= color(x + i, y) << (6 - i * 2);
            bench.poke(0xb'8000 + y % 2 * 0x2000 + y / 2 * 80 + x / 4, packed);
        }
    const Image image = bench.image();
    REQUIRE(image.width == 320);
    REQUIRE(image.height == 200);
    u32 wrong = 0;
    for (u32 y = 0; y < 200; ++y)
        for (u32 x = 0; x < 320; ++x) wrong += image.row(y)[x] != bench.plain(mode_04.attribute[color(x, y)]);
    REQUIRE(wrong == 0);
}

TEST_CASE("mode 6 has two colours, the CGA's banks, and lines shown twice") {
    VgaBench bench;
    bench.set_mode(mode_06);
    bench.set_plain_palette();
    bench.poke(0xb'8000, 0xf0);      // row 0
    bench.poke(0xb'a000, 0xcc);      // row 1
    bench.poke(0xb'8000 + 80, 0xaa); // row 2
    REQUIRE(art(bench.image(), 0, 0, 10, 7, {{bench.plain(0x17), '#'}, {bench.plain(0), '.'}}) == "####......\n"
                                                                                                  "####......\n"
                                                                                                  "##..##....\n"
                                                                                                  "##..##....\n"
                                                                                                  "#.#.#.#...\n"
                                                                                                  "#.#.#.#...\n"
                                                                                                  "..........\n");
    REQUIRE(bench.image().width == 640);
    REQUIRE(bench.image().height == 400);
}

TEST_CASE("mode 0Dh has 320 by 200 pixels of four planes") {
    VgaBench bench;
    bench.set_mode(mode_0d);
    bench.set_plain_palette();
    bench.set(0x3c4, 2, 0x09);
    bench.poke(0xa'0000 + 199 * 40 + 39, 0x01);
    const Image image = bench.image();
    REQUIRE(image.width == 320);
    REQUIRE(image.height == 200);
    REQUIRE(image.row(199)[319] == bench.plain(0x11)); // colour 9
    REQUIRE(image.row(199)[318] == bench.plain(0));
}

// ---- pictures and feeds ----

TEST_CASE("a display tells by its number whether anything changed") {
    TextBench bench;
    const std::lock_guard guard(bench.lock);
    const u64 number = bench.vga.capture()->number();
    REQUIRE(bench.vga.capture(number) == nullptr);
    bench.vga.write_port(0x3d4, 0x0f);
    const auto picture = bench.vga.capture(number);
    REQUIRE(picture != nullptr);
    REQUIRE(picture->number() != number);
}

TEST_CASE("a picture stays as it was captured, whatever the guest does") {
    TextBench bench;
    bench.type(0, 0, "H", 0x07);
    const Image before = bench.image();
    std::unique_ptr<Picture> picture;
    {
        const std::lock_guard guard(bench.lock);
        picture = bench.vga.capture();
    }
    bench.type(0, 0, "e", 0x70);
    bench.set(0x3d4, 0x01, 10);
    Image drawn;
    picture->draw(drawn);
    REQUIRE(drawn.pixels == before.pixels);
}

TEST_CASE("a feed draws what it asked for and says which rows changed") {
    TextBench bench;
    const auto loop = EventLoop::create(bench.lock).value();
    ScreenFeed feed(bench.vga, *loop);
    REQUIRE(feed.update() == std::nullopt);
    const auto next = [&] {
        feed.request();
        feed.request(); // only one is on its way
        loop->run_once(0);
        return feed.update();
    };
    REQUIRE(next() == RowRange{0, 400});
    REQUIRE(feed.image().width == 720);
    REQUIRE(next() == std::nullopt);
    bench.type(3, 2, "H", 0x07); // seven lines of its cell
    REQUIRE(next() == RowRange{32, 39});
    bench.set(0x3c4, 1, 0x01);
    REQUIRE(next() == RowRange{0, 400});
    REQUIRE(feed.image().width == 640);
}
