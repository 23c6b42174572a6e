// Padding, decoded by LLVM.
#include "jit/baseline/assembler.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/disassembler.hpp"

using namespace orrery;

TEST_CASE("padding of any length is as few nops as possible") {
    const test::Disassembler disassembler;
    for (u64 length = 0; length <= 40; ++length) {
        u8 buffer[64];
        x64::Assembler a(buffer, buffer + sizeof buffer);
        a.nop(length);
        REQUIRE(a.size() == length);
        u64 count = 0;
        for (u64 at = 0; at < length; ++count) {
            const auto decoded = disassembler.decode({buffer + at, length - at});
            CHECK(decoded.text.starts_with("nop"));
            REQUIRE(decoded.length > 0);
            at += decoded.length;
        }
        CHECK(count == (length + 8) / 9);
    }
}

TEST_CASE("aligning fills up to the next multiple and no further") {
    alignas(64) u8 buffer[128];
    for (u64 start = 0; start < 40; ++start) {
        x64::Assembler a(buffer, buffer + sizeof buffer);
        a.nop(start);
        a.align(16);
        CHECK(a.size() == (start + 15) / 16 * 16);
    }
}
