// AES, carry-less products and checksums against published examples, and the host's instructions against our own.
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include "cpu/x86/helpers.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

Vector run(std::span<const KernelRow> table, Op op, const Vector& a, const Vector& b, u32 immediate = 0) {
    for (const KernelRow& row : table)
        if (row.op == op) return row.kernel({.a = a, .b = b, .c = a, .immediate = immediate});
    return {};
}

// Bytes as the standard prints them.
Vector vector_from(u64 first, u64 second) { return {__builtin_bswap64(first), __builtin_bswap64(second)}; }

} // namespace

// FIPS 197, appendix B, round 1: from the start of the round to that of the next.
TEST_CASE("an AES round is that of the standard's example") {
    const Vector state = vector_from(0x193d'e3be'a0f4'e22b, 0x9ac6'8d2a'e9f8'4808);
    const Vector key = vector_from(0xa0fa'fe17'8854'2cb1, 0x23a3'3939'2a6c'7605);
    const Vector expected = vector_from(0xa49c'7ff2'689f'352b, 0x6b5b'ea43'026a'5049);
    CHECK(run(portable_cryptography(), Op::aesenc, state, key) == expected);
    CHECK(run(packed_cryptography(), Op::aesenc, state, key) == expected);
}

TEST_CASE("AES and products without the host's instructions are the same") {
    orrery::test::Random random{3};
    for (int i = 0; i < 200; ++i) {
        const Vector a{random.next(), random.next()}, b{random.next(), random.next()};
        for (const KernelRow& row : portable_cryptography()) {
            INFO("operation " << static_cast<int>(row.op));
            const u32 immediate = random.below32(256);
            CHECK(run(packed_cryptography(), row.op, a, b, immediate) ==
                  run(portable_cryptography(), row.op, a, b, immediate));
        }
    }
}

// "123456789" has the check value E3069283 (RFC 3720, B.4 uses the same polynomial).
TEST_CASE("the checksum is Castagnoli's") {
    u64 sum = 0xffff'ffff;
    sum = helper::crc32(nullptr, sum, 0x3837'3635'3433'3231, 8);
    sum = helper::crc32(nullptr, sum, 0x39, 1);
    CHECK((sum ^ 0xffff'ffff) == 0xe306'9283);
}

} // namespace orrery::x86
