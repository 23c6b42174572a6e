// AES and carry-less multiplication (FIPS 197; SDM 2, AESENC and its kin, PCLMULQDQ), by the host's own instructions
// where it has them.
#include "cpu/x86/vector.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace orrery::x86 {
namespace {

// ---- AES in portable C++. The state lies column by column, so byte 4c + r is row r of column c.

using Bytes = Lanes<u8>;

constexpr u8 times_two(u8 value) { return static_cast<u8>(value << 1 ^ ((value & 0x80) != 0 ? 0x1b : 0)); }
constexpr u8 product(u8 a, u8 b) {
    u8 sum = 0;
    for (; b != 0; b >>= 1) {
        if ((b & 1) != 0) sum ^= a;
        a = times_two(a);
    }
    return sum;
}

// FIPS 197, 5.1.1: the inverse, and then an affine map.
constexpr auto substitution = [] {
    std::array<u8, 256> table{};
    // Powers of 3 name every element but 0; the inverse of 3^n is 3^(255-n).
    std::array<u8, 255> powers{};
    u8 power = 1;
    for (u8& each : powers) {
        each = power;
        power = product(power, 3);
    }
    std::array<u8, 256> inverse{};
    for (std::size_t n = 0; n < powers.size(); ++n) inverse[powers[n]] = powers[(255 - n) % 255];
    for (std::size_t i = 0; i < table.size(); ++i) {
        const u8 value = inverse[i];
        u8 mapped = 0x63;
        for (int turn = 0; turn < 5; ++turn) mapped ^= std::rotl(value, turn);
        table[i] = mapped;
    }
    return table;
}();
constexpr auto inverse_substitution = [] {
    std::array<u8, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[substitution[i]] = static_cast<u8>(i);
    return table;
}();

// Rows rotate to the left by their number, or back, and each byte is substituted.
Bytes substitute_shifted(const Bytes& state) {
    Bytes result{};
    for (std::size_t i = 0; i < 16; ++i) result[i] = substitution[state[(i + 4 * (i % 4)) % 16]];
    return result;
}
Bytes substitute_shifted_back(const Bytes& state) {
    Bytes result{};
    for (std::size_t i = 0; i < 16; ++i) result[i] = inverse_substitution[state[(i + 12 * (i % 4)) % 16]];
    return result;
}
// Each column times a polynomial, whose coefficients are given from the constant one on.
Bytes mix_columns(const Bytes& state, const std::array<u8, 4>& coefficients) {
    Bytes result{};
    for (std::size_t i = 0; i < 16; ++i)
        for (std::size_t k = 0; k < 4; ++k) result[i] ^= product(state[i / 4 * 4 + k], coefficients[(i - k) % 4]);
    return result;
}
constexpr std::array<u8, 4> mixing{2, 1, 1, 3};
constexpr std::array<u8, 4> unmixing{14, 9, 13, 11};

Vector add_key(const Bytes& state, const Vector& key) {
    const auto value = vector_of<u8>(state);
    return {value[0] ^ key[0], value[1] ^ key[1]};
}

Vector encrypt(const KernelOperands& o) {
    return add_key(mix_columns(substitute_shifted(lanes<u8>(o.a)), mixing), o.b);
}
Vector encrypt_last(const KernelOperands& o) { return add_key(substitute_shifted(lanes<u8>(o.a)), o.b); }
Vector decrypt(const KernelOperands& o) {
    return add_key(mix_columns(substitute_shifted_back(lanes<u8>(o.a)), unmixing), o.b);
}
Vector decrypt_last(const KernelOperands& o) { return add_key(substitute_shifted_back(lanes<u8>(o.a)), o.b); }
Vector unmix_key(const KernelOperands& o) { return vector_of<u8>(mix_columns(lanes<u8>(o.b), unmixing)); }

u32 substitute(u32 word) {
    auto bytes = std::bit_cast<std::array<u8, 4>>(word);
    for (u8& byte : bytes) byte = substitution[byte];
    return std::bit_cast<u32>(bytes);
}
Vector assist_key(const KernelOperands& o) {
    const Lanes<u32> b = lanes<u32>(o.b);
    const u32 first = substitute(b[1]), second = substitute(b[3]);
    return vector_of<u32>({first, std::rotr(first, 8) ^ o.immediate, second, std::rotr(second, 8) ^ o.immediate});
}

// ---- polynomials over two elements. The immediate chooses the halves.

Vector multiply_carryless(const KernelOperands& o) {
    const u64 a = o.a[o.immediate & 1], b = o.b[o.immediate >> 4 & 1];
    Vector result{};
    for (u32 i = 0; i < 64; ++i) {
        if ((b >> i & 1) == 0) continue;
        result[0] ^= a << i;
        if (i != 0) result[1] ^= a >> (64 - i);
    }
    return result;
}

#if defined(__x86_64__)
#define HOST(name, features, expression)                                                                               \
    __attribute__((target(features))) Vector name(const KernelOperands& o) {                                           \
        const auto a = std::bit_cast<__m128i>(o.a), b = std::bit_cast<__m128i>(o.b);                                   \
        static_cast<void>(a);                                                                                          \
        return std::bit_cast<Vector>(expression);                                                                      \
    }
HOST(host_encrypt, "aes", _mm_aesenc_si128(a, b))
HOST(host_encrypt_last, "aes", _mm_aesenclast_si128(a, b))
HOST(host_decrypt, "aes", _mm_aesdec_si128(a, b))
HOST(host_decrypt_last, "aes", _mm_aesdeclast_si128(a, b))
HOST(host_unmix_key, "aes", _mm_aesimc_si128(b))
#undef HOST
__attribute__((target("pclmul"))) Vector host_multiply_carryless(const KernelOperands& o) {
    const auto half = [](u64 value) { return _mm_set_epi64x(0, static_cast<long long>(value)); };
    return std::bit_cast<Vector>(_mm_clmulepi64_si128(half(o.a[o.immediate & 1]), half(o.b[o.immediate >> 4 & 1]), 0));
}
#endif

using Table = std::array<KernelRow, 7>;

constexpr Table portable_table{{
    {Op::aesenc, encrypt},
    {Op::aesenclast, encrypt_last},
    {Op::aesdec, decrypt},
    {Op::aesdeclast, decrypt_last},
    {Op::aesimc, unmix_key},
    {Op::aeskeygenassist, assist_key},
    {Op::pclmulqdq, multiply_carryless},
}};

Table make_table() {
    Table table = portable_table;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("aes")) {
        table[0].kernel = host_encrypt;
        table[1].kernel = host_encrypt_last;
        table[2].kernel = host_decrypt;
        table[3].kernel = host_decrypt_last;
        table[4].kernel = host_unmix_key;
    }
    if (__builtin_cpu_supports("pclmul")) table[6].kernel = host_multiply_carryless;
#endif
    return table;
}

} // namespace

std::span<const KernelRow> portable_cryptography() { return portable_table; }
std::span<const KernelRow> packed_cryptography() {
    static const Table table = make_table();
    return table;
}

} // namespace orrery::x86
