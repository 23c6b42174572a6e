#include <array>

#include "app/trace/bytes.hpp"
#include "app/trace/decoder.hpp"
#include "app/trace/encoder.hpp"
#include "app/trace/file_reader.hpp"
#include "app/trace/show/line.hpp"
#include "app/trace/show/selection.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/trace/sample.hpp"

using namespace orrery;
using namespace orrery::app::trace;

namespace {

// What can be read of a file, and the sentence it ends with.
struct Reading {
    std::vector<std::string> lines;
    std::string error;
};

Reading read(std::span<const u8> file, const Selection& selection) {
    Reading reading;
    MemoryInput input(file);
    const auto reader = FileReader::create(input);
    if (!reader) return {{}, reader.error().message()};
    const Symbols none;
    const LineStyle style{(*reader)->header(), none, {}};
    const Status whole = for_each(**reader, selection, [&](u32 cpu, const Record& record) {
        reading.lines.push_back(text_line(style, cpu, record));
        return true;
    });
    if (!whole) reading.error = whole.error().message();
    return reading;
}

Selection everything() {
    Selection selection;
    selection.filter.kinds = (1 << trace_kinds) - 1;
    return selection;
}

constexpr std::size_t sample_records = 11;

} // namespace

TEST_CASE("every kind of record comes back as it was written") {
    const Reading reading = read(test::sample_file(), everything());
    CHECK(reading.error.empty());
    REQUIRE(reading.lines.size() == sample_records);
    CHECK(reading.lines[0] == "hart1 M            7 0000000080000000  13000000\n");
    CHECK(reading.lines[1] ==
          "hart1 M            7 0000000080000000  reads 8 at ffffffff80001000: 0xffffffffffffffff\n");
    CHECK(reading.lines[2] == "hart1 M            7 0000000080000000  writes 2 at 0000000000000010: 0x1234\n");
    CHECK(reading.lines[3] == "hart1 M            8 0000000080000004  0100    \n");
    CHECK(reading.lines[4] == "hart1 M            8 0000000080000004  return to 0000000080000000\n");
    CHECK(reading.lines[5] == "hart1 M            9 0000000080000000  13000000\n");
    CHECK(reading.lines[6] == "hart1 M            9 0000000080000000  reads 1 at uart0+0x5: 0x60\n");
    CHECK(reading.lines[7] == "hart1 S           10 0000000080000004  writes 4 at uart0+0x0: 0x78\n");
    CHECK(reading.lines[8] == "hart1 S           10 0000000080000004  exception 13, value 0xdead00000000, "
                              "handler at 0000000090000000\n");
    CHECK(reading.lines[9] == "hart1 M           10 0000000090000000  interrupt 7, handler at 0000000000000000\n");
    CHECK(reading.lines[10] == "hart0 U            3 0000000000001000  call to 0000000000002000\n");
}

TEST_CASE("the header comes back as it was written, and its names are shown") {
    const std::vector<u8> file = test::sample_file();
    MemoryInput input(file);
    const auto reader = FileReader::create(input);
    REQUIRE(reader);
    CHECK((*reader)->header() == test::sample_header());
    CHECK((*reader)->header().words.privileges.size() == 4);
}

TEST_CASE("only what is selected is shown") {
    const std::vector<u8> file = test::sample_file();
    const auto count = [&](auto change) {
        Selection selection = everything();
        change(selection);
        return read(file, selection).lines.size();
    };
    CHECK(count([](Selection& s) { s.cpu = 0; }) == 1);
    CHECK(count([](Selection& s) { s.limit = 4; }) == 4);
    CHECK(count([](Selection& s) { s.from = 9; }) == 5);
    CHECK(count([](Selection& s) { s.to = 7; }) == 4);
    CHECK(count([](Selection& s) { s.filter.kinds = 1 << static_cast<u8>(TraceKind::instructions); }) == 3);
    CHECK(count([](Selection& s) { s.filter.kinds = 1 << static_cast<u8>(TraceKind::exceptions); }) == 2);
    CHECK(count([](Selection& s) { s.filter.code = {{0x8000'0004, 0x8000'0005}}; }) == 4);
    CHECK(count([](Selection& s) { s.filter.data = {{0x11, 0x11}}; }) == sample_records - 1);
}

TEST_CASE("an instruction's bytes are told anew when they have changed") {
    Encoder encoder;
    constexpr u8 before[] = {1, 2, 3, 4}, after[] = {5, 6};
    encoder.instruction({0x100, 0, 0}, before);
    encoder.instruction({0x100, 1, 0}, before);
    encoder.instruction({0x100, 2, 0}, after);
    encoder.instruction({0x100, 3, 0}, after);
    Decoder decoder;
    decoder.begin(encoder.bytes());
    for (const std::span<const u8> expected : {std::span<const u8>(before), std::span<const u8>(before),
                                               std::span<const u8>(after), std::span<const u8>(after)}) {
        const auto record = decoder.next();
        REQUIRE(record);
        REQUIRE(*record);
        CHECK(std::ranges::equal((*record)->bytes, expected));
        CHECK((*record)->place.pc == 0x100);
    }
    CHECK_FALSE(decoder.next().value());
}

TEST_CASE("a loop costs a byte an instruction before it is packed") {
    Encoder encoder;
    constexpr u8 nop[] = {0x13, 0, 0, 0};
    for (u64 count = 0; count < 1000; ++count) encoder.instruction({0x8000'0000 + count % 10 * 4, count, 3}, nop);
    CHECK(encoder.bytes().size() < 1200);
}

TEST_CASE("a truncated file shows its whole blocks, and then says that it is one") {
    const std::vector<u8> whole = test::sample_file();
    const std::vector<u8> unfinished = test::sample_file(false);
    CHECK(whole.size() == unfinished.size() + block_start_bytes);
    const Reading without_end = read(unfinished, everything());
    CHECK(without_end.lines.size() == sample_records);
    CHECK(without_end.error ==
          fmt::format("the file ends at byte {} without an end mark, as when the run was killed or "
                      "the disk was full; the 2 blocks before are all there is",
                      unfinished.size()));
    const Reading within = read(std::span(unfinished).first(unfinished.size() - 1), everything());
    CHECK(within.lines.size() == sample_records - 1);
    CHECK(within.error == fmt::format("the file ends within a block, at byte {}; the 1 blocks before are all there is",
                                      unfinished.size() - 1));
}

TEST_CASE("no truncation and no changed byte goes unnoticed") {
    const std::vector<u8> whole = test::sample_file();
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(read(std::span(whole).first(size), everything()).error.empty());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::vector<u8> damaged = whole;
        damaged[at] ^= 0x10;
        INFO("byte " << at);
        CHECK_FALSE(read(damaged, everything()).error.empty());
    }
}

TEST_CASE("another file is told from a trace") {
    CHECK(read({}, everything()).error == "this is no trace file of Orrery's");
    const std::vector<u8> zeroes(1000);
    CHECK(read(zeroes, everything()).error == "this is no trace file of Orrery's");
    std::vector<u8> newer = test::sample_file();
    newer[8] = 3;
    CHECK(read(newer, everything()).error == "the file is of version 3, and this program reads versions 1 to 2");
}

TEST_CASE("a file of version 1 reads as it always did") {
    std::vector<u8> older = test::sample_file();
    older[8] = 1;
    const std::size_t header = file_start_bytes + get_number<u32>(older, 12);
    put_number<u32>(older, header, checksum(std::span(older).first(header), {}));
    const Reading reading = read(older, everything());
    CHECK(reading.error.empty());
    CHECK(reading.lines == read(test::sample_file(), everything()).lines);
}

TEST_CASE("which kind of code an instruction is comes back") {
    Encoder encoder;
    constexpr std::array<u8, 1> nop{0x90};
    constexpr std::array<u32, 6> kinds{0, 2, 2, 1, 3, 0};
    for (const u32 kind : kinds)
        encoder.instruction({.pc = 0x1000, .retired = 0, .privilege = 7, .code_kind = kind}, nop);
    Decoder decoder;
    decoder.begin(encoder.bytes());
    for (const u32 kind : kinds) {
        const auto record = decoder.next();
        REQUIRE((record && *record));
        CHECK((*record)->place.code_kind == kind);
        CHECK((*record)->place.privilege == 7);
    }
}

TEST_CASE("a file that can't be written is refused with a sentence, a pipe too") {
    const auto nowhere = FileWriter::create("/nonexistent/trace", test::sample_header());
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message() == "'/nonexistent/trace' can't be written: No such file or directory");
    const auto full = FileWriter::create("/dev/full", test::sample_header());
    REQUIRE_FALSE(full);
    CHECK(full.error().message() == "'/dev/full': No space left on device");
}

TEST_CASE("names in a file can't write to the terminal what they like") {
    CHECK(printable("a\x1b[2Jb\n\xff") == "a?[2Jb??");
}
