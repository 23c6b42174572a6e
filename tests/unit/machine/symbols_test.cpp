#include "machine/loader/symbols.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/machine/sample_files.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 symbols_at = 64, names_at = 160, sections_at = 192;

void put_symbol(std::vector<u8>& file, u64 index, u32 name, u64 address, u64 size) {
    const u64 at = symbols_at + index * 24;
    put32(file, at, name);
    put16(file, at + 6, 1); // in section 1
    put64(file, at + 8, address);
    put64(file, at + 16, size);
}

// `main` of 16 bytes, and behind it the label `end`.
std::vector<u8> file_with_symbols() {
    std::vector<u8> file(sections_at + 3 * 64);
    put_text(file, 0,
             "\x7f"
             "ELF");
    put64(file, 40, sections_at);
    put16(file, 60, 3);
    put_symbol(file, 1, 6, 0x8000'0020, 0);
    put_symbol(file, 2, 1, 0x8000'0000, 16);
    put_text(file, names_at + 1, "main");
    put_text(file, names_at + 6, "end");
    put32(file, sections_at + 64 + 4, 2); // symbols, named by section 2
    put64(file, sections_at + 64 + 24, symbols_at);
    put64(file, sections_at + 64 + 32, 72);
    put32(file, sections_at + 64 + 40, 2);
    put64(file, sections_at + 128 + 24, names_at);
    return file;
}

// `start` of 8 bytes, in a file of 32 bits.
std::vector<u8> file_of_32_bits() {
    std::vector<u8> file(sections_at + 3 * 40);
    put_text(file, 0,
             "\x7f"
             "ELF\x01");
    put32(file, 32, sections_at);
    put16(file, 48, 3);
    put32(file, symbols_at + 16, 1);
    put32(file, symbols_at + 16 + 4, 0xc010'0000);
    put32(file, symbols_at + 16 + 8, 8);
    put16(file, symbols_at + 16 + 14, 1);
    put_text(file, names_at + 1, "start");
    put32(file, sections_at + 40 + 4, 2);
    put32(file, sections_at + 40 + 16, symbols_at);
    put32(file, sections_at + 40 + 20, 32);
    put32(file, sections_at + 40 + 24, 2);
    put32(file, sections_at + 80 + 16, names_at);
    return file;
}

} // namespace

TEST_CASE("files of 32 bits have names, too") {
    Symbols symbols;
    symbols.add(file_of_32_bits());
    CHECK(symbols.name(0xc010'0004) == "start+0x4");
    CHECK(symbols.find("start")->size_bytes == 8);
    CHECK(symbols.name(0xc010'0008).empty());
}

TEST_CASE("an address has the name of the symbol that it lies in, and how far") {
    Symbols symbols;
    symbols.add(file_with_symbols());
    CHECK(symbols.name(0x8000'0000) == "main");
    CHECK(symbols.name(0x8000'0004) == "main+0x4");
    CHECK(symbols.name(0x8000'0010).empty());
    CHECK(symbols.name(0x8000'0024) == "end+0x4");
    CHECK(symbols.name(0x7fff'ffff).empty());
}

TEST_CASE("a file that is cut short anywhere gives names or none, and reads nothing beyond its end") {
    const std::vector<u8> whole = file_with_symbols();
    for (u64 size = 0; size < whole.size(); ++size) {
        Symbols symbols;
        symbols.add(std::vector<u8>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        CHECK(symbols.empty()); // the table of sections is the last thing in it
    }
}

TEST_CASE("offsets of any size in a damaged file are survived") {
    for (u64 at = 40; at + 8 <= sections_at + 3 * 64; ++at) {
        std::vector<u8> file = file_with_symbols();
        put64(file, at, ~u64{0});
        Symbols symbols;
        symbols.add(file);
        CHECK(symbols.name(0x7fff'ffff).empty());
    }
}
