#include "app/explain/byte_string.hpp"
#include "app/explain/decoded.hpp"
#include "app/explain/html.hpp"
#include "app/explain/text.hpp"
#include "tests/support/catch.hpp"

namespace orrery::app {
namespace {

std::string message(std::string_view text) {
    const auto parsed = parse_byte_string(text);
    return parsed ? "" : parsed.error().message();
}

std::string fields(u32 bits, u64 pc) {
    std::string text;
    for (const auto& [name, value] : decode_for_reader(bits, pc).fields) text += fmt::format("{}={};", name, value);
    return text;
}

} // namespace

TEST_CASE("Byte strings are read in the order of memory, with blanks, commas and 0x where people put them") {
    CHECK(parse_byte_string("13050500 8280").value() == std::vector<u8>{0x13, 5, 5, 0, 0x82, 0x80});
    CHECK(parse_byte_string("0x82, 0x80").value() == std::vector<u8>{0x82, 0x80});
    CHECK(parse_byte_string("13 05 05 00").value() == std::vector<u8>{0x13, 5, 5, 0});
}

TEST_CASE("A bad byte string gets one sentence that says what is wrong with it") {
    CHECK(message("").find("no bytes") != std::string::npos);
    CHECK(message("82 8").find("whole bytes") != std::string::npos);
    CHECK(message("82zz").find("'z'") != std::string::npos);
    CHECK(message("82808").find("5 hexadecimal digits") != std::string::npos);
    CHECK(message("828013").find("single byte") != std::string::npos);
    CHECK(message("82801305").find("only 2 of 4") != std::string::npos);
    CHECK(message(std::string(9000, '0')).find("too many") != std::string::npos);
}

TEST_CASE("Fields are shown with the names of registers, CSRs and targets") {
    CHECK(fields(0xff050513, 0) == "rd=a0 (x10);rs1=a0 (x10);imm=-16;");
    CHECK(fields(0x00050463, 0x8000000e) == "rs1=a0 (x10);rs2=zero (x0);target=pc +8 = 0x80000016;");
    CHECK(fields(0x30002573, 0) == "rd=a0 (x10);csr=mstatus (0x300);rs1=zero (x0);");
    CHECK(fields(0x0ff0000f, 0) == "sets=iorw before iorw;");
    CHECK(fields(0xa1b2, 0) == "fs2=fa2 (f12);imm=192;rs1=sp (x2);");
}

TEST_CASE("A compressed instruction is shown as what it is and as what it is short for") {
    const DecodedInstruction decoded = decode_for_reader(0x8082, 0);
    CHECK(decoded.name == "c.jr");
    CHECK(decoded.expands_to == "jalr");
    CHECK(decoded.manual == "Volume I (20191213), section 16.4");
    CHECK(decoded.encoding == "100 00000100000 10");
    CHECK(decode_for_reader(0xffff'ffff, 0).name == "illegal");
}

TEST_CASE("Whatever a text holds, the page holds it as text") {
    const Explanation explanation{.title = "<script>alert('a')</script>", .notes = {"a & b \"c\""}, .blocks = {}};
    const std::string html = explanation_html(explanation);
    CHECK(html.find("<script>alert") == std::string::npos);
    CHECK(html.find("&lt;script&gt;alert(&#39;a&#39;)&lt;/script&gt;") != std::string::npos);
    CHECK(html.find("a &amp; b &quot;c&quot;") != std::string::npos);
    CHECK(explanation_text(explanation).starts_with("<script>alert('a')</script>\na & b \"c\"\n"));
}

} // namespace orrery::app
