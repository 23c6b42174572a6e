#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/gdb/client.hpp"

using namespace orrery;
using namespace orrery::app::gdb;
using test::framed;

namespace {

std::span<const u8> bytes_of(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

std::string payload_of(PacketReader& reader) {
    const std::span<char> payload = reader.payload();
    return {payload.data(), payload.size()};
}

} // namespace

TEST_CASE("a packet that comes byte by byte is a packet when its last byte has come") {
    PacketReader reader;
    const std::string wire = framed("qSupported");
    for (std::size_t at = 0; at + 1 < wire.size(); ++at) {
        reader.feed(bytes_of(wire.substr(at, 1)));
        REQUIRE(reader.peek(true) == PacketReader::Event::nothing);
    }
    reader.feed(bytes_of(wire.substr(wire.size() - 1)));
    REQUIRE(reader.peek(true) == PacketReader::Event::packet);
    CHECK(payload_of(reader) == "qSupported");
    reader.pop();
    CHECK(reader.peek(true) == PacketReader::Event::nothing);
    CHECK(reader.buffered_bytes() == 0);
}

TEST_CASE("several packets, acknowledgements and an interrupt in one piece come in order") {
    PacketReader reader;
    reader.feed(bytes_of("+" + framed("g") + "++\x03-" + framed("m0,4")));
    REQUIRE(reader.peek(true) == PacketReader::Event::packet);
    CHECK(payload_of(reader) == "g");
    reader.pop();
    CHECK(reader.peek(true) == PacketReader::Event::interrupt);
    reader.pop();
    CHECK(reader.peek(true) == PacketReader::Event::resend);
    reader.pop();
    REQUIRE(reader.peek(true) == PacketReader::Event::packet);
    CHECK(payload_of(reader) == "m0,4");
}

TEST_CASE("a wrong checksum is damage where checksums count") {
    PacketReader reader;
    reader.feed(bytes_of("$g#00"));
    CHECK(reader.peek(true) == PacketReader::Event::damaged);
    CHECK(reader.peek(false) == PacketReader::Event::packet);
}

TEST_CASE("a packet longer than the limit is dropped up to its end, and the next is read") {
    PacketReader reader;
    reader.feed(bytes_of("$" + std::string(PacketReader::packet_limit_bytes + 10, 'a')));
    REQUIRE(reader.peek(true) == PacketReader::Event::damaged);
    reader.pop();
    CHECK(reader.buffered_bytes() == 0);
    reader.feed(bytes_of(std::string(1000, 'a')));
    CHECK(reader.peek(true) == PacketReader::Event::nothing);
    CHECK(reader.buffered_bytes() == 0);
    reader.feed(bytes_of("aaa#77" + framed("g")));
    REQUIRE(reader.peek(true) == PacketReader::Event::packet);
    CHECK(payload_of(reader) == "g");
}

TEST_CASE("binary data of every byte value comes out of its escapes as it went in") {
    std::string data;
    for (int value = 0; value < 256; ++value) data += static_cast<char>(value);
    data += "}}}**##$$";
    std::string wire;
    append_escaped(wire, data);
    CHECK(wire.find_first_of("#$*") == std::string::npos);
    wire.resize(unescape(wire));
    CHECK(wire == data);
}

TEST_CASE("random binary data of any length and place keeps its bytes, and the sum is that of every byte") {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 3000; length += 1 + length / 20) {
        std::string data(length, 0);
        for (char& byte : data) byte = static_cast<char>(random() % 3 != 0 ? random() : random() % 16 + 0x20);
        PacketWriter writer;
        writer.begin();
        append_escaped(writer.text(), data);
        writer.end();
        const std::string_view wire = writer.waiting();
        std::string payload(wire.substr(1, wire.size() - 4));
        CHECK(framed(payload) == wire);
        payload.resize(unescape(payload));
        CHECK(payload == data);
    }
}

TEST_CASE("an escape at the very end of binary data is dropped") {
    std::string data = "ab}";
    CHECK(unescape(data) == 2);
}

TEST_CASE("hexadecimal text is refused unless it has two digits for every byte") {
    std::array<u8, 2> bytes{};
    CHECK(decode_hex("12aF", bytes));
    CHECK(bytes == std::array<u8, 2>{0x12, 0xaf});
    CHECK_FALSE(decode_hex("12a", bytes));
    CHECK_FALSE(decode_hex("12ag", bytes));
    CHECK_FALSE(decode_hex("12345", bytes));
}

TEST_CASE("a number of more than 64 bits is no number") {
    CHECK(Scanner("ffffffffffffffff").number() == ~u64{0});
    CHECK_FALSE(Scanner("10000000000000000").number());
    CHECK_FALSE(Scanner("").number());
}

TEST_CASE("output of which a rest always stays doesn't grow without an end") {
    PacketWriter writer;
    for (int count = 0; count < 1000; ++count) {
        writer.packet(std::string(1000, 'a'));
        writer.sent(writer.waiting().size() - 1);
        REQUIRE(writer.held_bytes() < 4000);
    }
}
