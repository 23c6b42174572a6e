// Integer arithmetic, comparisons and shifts on lanes (SDM 1, 9.4 and 11.4.2; SDM 2 by instruction).
#include <algorithm>
#include <limits>
#include <type_traits>

#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

constexpr auto add = [](auto a, auto b) { return a + b; };
constexpr auto subtract = [](auto a, auto b) { return a - b; };
constexpr auto smaller = [](auto a, auto b) { return std::min(a, b); };
constexpr auto larger = [](auto a, auto b) { return std::max(a, b); };
constexpr auto average = [](auto a, auto b) { return (a + b + 1) >> 1; };
constexpr auto bits_and = [](auto a, auto b) { return a & b; };
constexpr auto bits_and_not = [](auto a, auto b) { return ~a & b; };
constexpr auto bits_or = [](auto a, auto b) { return a | b; };
constexpr auto bits_xor = [](auto a, auto b) { return a ^ b; };
constexpr auto equal = [](auto a, auto b) { return a == b ? -1 : 0; };
constexpr auto greater = [](auto a, auto b) { return a > b ? -1 : 0; };

template <typename T> constexpr T saturate(i32 value) {
    return static_cast<T>(std::clamp<i32>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}
template <typename T> constexpr auto add_saturated = [](T a, T b) { return saturate<T>(a + b); };
template <typename T> constexpr auto subtract_saturated = [](T a, T b) { return saturate<T>(a - b); };

constexpr auto multiply_low_16 = [](i16 a, i16 b) { return i32{a} * b; };
constexpr auto multiply_low_32 = [](u32 a, u32 b) { return a * b; };
constexpr auto multiply_high_signed = [](i16 a, i16 b) { return i32{a} * b >> 16; };
constexpr auto multiply_high_unsigned = [](u16 a, u16 b) { return u32{a} * b >> 16; };
constexpr auto multiply_even_unsigned = [](u64 a, u64 b) { return (a & 0xffff'ffff) * (b & 0xffff'ffff); };
constexpr auto multiply_even_signed = [](u64 a, u64 b) { return i64{static_cast<i32>(a)} * i64{static_cast<i32>(b)}; };
// The smallest number squared, twice, wraps (SDM 2, PMADDWD).
constexpr auto multiply_add_pairs = [](u32 a, u32 b) {
    const auto product = [](u32 x, u32 y) { return static_cast<u32>(static_cast<i16>(x) * static_cast<i16>(y)); };
    return product(a, b) + product(a >> 16, b >> 16);
};
constexpr auto sum_of_differences = [](u64 a, u64 b) {
    u64 sum = 0;
    for (u32 at = 0; at < 64; at += 8) {
        const u64 x = a >> at & 0xff, y = b >> at & 0xff;
        sum += x > y ? x - y : y - x;
    }
    return sum;
};
constexpr auto multiply_round = [](i16 a, i16 b) { return ((i32{a} * b >> 14) + 1) >> 1; };
// Unsigned bytes of the first by signed bytes of the second.
constexpr auto multiply_add_bytes = [](u16 a, u16 b) {
    const auto product = [](u32 x, u32 y) { return static_cast<i32>(x & 0xff) * static_cast<i8>(y & 0xff); };
    return static_cast<u16>(saturate<i16>(product(a, b) + product(a >> 8, b >> 8)));
};
// Two's complement without overflow: the smallest number is its own opposite.
template <typename T> constexpr T opposite(T value) {
    return static_cast<T>(std::make_unsigned_t<T>{0} - static_cast<std::make_unsigned_t<T>>(value));
}
constexpr auto with_sign_of = [](auto a, auto b) { return b < 0 ? opposite(a) : b == 0 ? decltype(a){0} : a; };
template <typename T> constexpr auto magnitude = [](T value) { return value < 0 ? opposite(value) : value; };

// ---- shifts: by the second operand's low 64 bits. Counts too large shift everything out.

template <typename T, auto shift> Vector shift_by(const Vector& value, u64 count) {
    const Lanes<T> from = lanes<T>(value);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = shift(from[i], count);
    return vector_of<T>(result);
}
template <typename T>
constexpr auto left = [](T value, u64 count) { return count < 8 * sizeof(T) ? static_cast<T>(value << count) : T{0}; };
template <typename T>
constexpr auto right = [](T value, u64 count) { return count < 8 * sizeof(T) ? static_cast<T>(value >> count) : T{0}; };
template <typename T>
constexpr auto right_signed =
    [](T value, u64 count) { return static_cast<T>(value >> std::min<u64>(count, 8 * sizeof(T) - 1)); };
template <typename T, auto shift> Vector shifted(const KernelOperands& o) { return shift_by<T, shift>(o.a, o.b[0]); }

// SDM 2, VPSLLVD: each lane by its own count.
template <typename T, auto shift> Vector shifted_apart(const KernelOperands& o) {
    const Lanes<T> from = lanes<T>(o.a);
    const auto counts = lanes<std::make_unsigned_t<T>>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = shift(from[i], u64{counts[i]});
    return vector_of<T>(result);
}

// Neighbours of the first operand, then of the second. `size`: of an operand, in bytes.
template <typename T, std::size_t size, auto function> Vector horizontal(const KernelOperands& o) {
    constexpr std::size_t pairs = size / sizeof(T) / 2;
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < pairs; ++i) {
        result[i] = static_cast<T>(function(a[2 * i], a[2 * i + 1]));
        result[pairs + i] = static_cast<T>(function(b[2 * i], b[2 * i + 1]));
    }
    return vector_of<T>(result);
}

// SDM 2, MPSADBW: eight sums of four differences, of a quarter of the second against a sliding part of the first.
Vector multiple_sums_of_differences(const KernelOperands& o) {
    const Lanes<u8> a = lanes<u8>(o.a), b = lanes<u8>(o.b);
    const std::size_t from = (o.immediate & 4) != 0 ? 4 : 0;
    const std::size_t block = 4 * (o.immediate & 3);
    Lanes<u16> result{};
    for (std::size_t i = 0; i < result.size(); ++i)
        for (std::size_t k = 0; k < 4; ++k) {
            const int difference = a[from + i + k] - b[block + k];
            result[i] = static_cast<u16>(result[i] + (difference < 0 ? -difference : difference));
        }
    return vector_of<u16>(result);
}

// SDM 2, PHMINPOSUW
Vector smallest_and_place(const KernelOperands& o) {
    const Lanes<u16> b = lanes<u16>(o.b);
    const auto found = std::ranges::min_element(b);
    return {*found | static_cast<u64>(found - b.begin()) << 16, 0};
}

constexpr auto table = std::to_array<KernelRow>({
    {Op::paddb, zip<u8, add>},
    {Op::paddw, zip<u16, add>},
    {Op::paddd, zip<u32, add>},
    {Op::paddq, zip<u64, add>},
    {Op::paddsb, zip<i8, add_saturated<i8>>},
    {Op::paddsw, zip<i16, add_saturated<i16>>},
    {Op::paddusb, zip<u8, add_saturated<u8>>},
    {Op::paddusw, zip<u16, add_saturated<u16>>},
    {Op::psubb, zip<u8, subtract>},
    {Op::psubw, zip<u16, subtract>},
    {Op::psubd, zip<u32, subtract>},
    {Op::psubq, zip<u64, subtract>},
    {Op::psubsb, zip<i8, subtract_saturated<i8>>},
    {Op::psubsw, zip<i16, subtract_saturated<i16>>},
    {Op::psubusb, zip<u8, subtract_saturated<u8>>},
    {Op::psubusw, zip<u16, subtract_saturated<u16>>},
    {Op::pminub, zip<u8, smaller>},
    {Op::pminsw, zip<i16, smaller>},
    {Op::pmaxub, zip<u8, larger>},
    {Op::pmaxsw, zip<i16, larger>},
    {Op::pminsb, zip<i8, smaller>},
    {Op::pminsd, zip<i32, smaller>},
    {Op::pminuw, zip<u16, smaller>},
    {Op::pminud, zip<u32, smaller>},
    {Op::pmaxsb, zip<i8, larger>},
    {Op::pmaxsd, zip<i32, larger>},
    {Op::pmaxuw, zip<u16, larger>},
    {Op::pmaxud, zip<u32, larger>},
    {Op::pavgb, zip<u8, average>},
    {Op::pavgw, zip<u16, average>},
    {Op::pand, zip<u64, bits_and>},
    {Op::pandn, zip<u64, bits_and_not>},
    {Op::por, zip<u64, bits_or>},
    {Op::pxor, zip<u64, bits_xor>},
    {Op::andps, zip<u64, bits_and>},
    {Op::andpd, zip<u64, bits_and>},
    {Op::andnps, zip<u64, bits_and_not>},
    {Op::andnpd, zip<u64, bits_and_not>},
    {Op::orps, zip<u64, bits_or>},
    {Op::orpd, zip<u64, bits_or>},
    {Op::xorps, zip<u64, bits_xor>},
    {Op::xorpd, zip<u64, bits_xor>},
    {Op::pcmpeqb, zip<u8, equal>},
    {Op::pcmpeqw, zip<u16, equal>},
    {Op::pcmpeqd, zip<u32, equal>},
    {Op::pcmpeqq, zip<u64, equal>},
    {Op::pcmpgtb, zip<i8, greater>},
    {Op::pcmpgtw, zip<i16, greater>},
    {Op::pcmpgtd, zip<i32, greater>},
    {Op::pcmpgtq, zip<i64, greater>},
    {Op::pmullw, zip<i16, multiply_low_16>},
    {Op::pmulld, zip<u32, multiply_low_32>},
    {Op::pmulhw, zip<i16, multiply_high_signed>},
    {Op::pmulhuw, zip<u16, multiply_high_unsigned>},
    {Op::pmuludq, zip<u64, multiply_even_unsigned>},
    {Op::pmuldq, zip<u64, multiply_even_signed>},
    {Op::pmaddwd, zip<u32, multiply_add_pairs>},
    {Op::psadbw, zip<u64, sum_of_differences>},
    {Op::pmulhrsw, zip<i16, multiply_round>},
    {Op::pmaddubsw, zip<u16, multiply_add_bytes>},
    {Op::psignb, zip<i8, with_sign_of>},
    {Op::psignw, zip<i16, with_sign_of>},
    {Op::psignd, zip<i32, with_sign_of>},
    {Op::pabsb, map<i8, magnitude<i8>>},
    {Op::pabsw, map<i16, magnitude<i16>>},
    {Op::pabsd, map<i32, magnitude<i32>>},
    {Op::psllw, shifted<u16, left<u16>>},
    {Op::pslld, shifted<u32, left<u32>>},
    {Op::psllq, shifted<u64, left<u64>>},
    {Op::psrlw, shifted<u16, right<u16>>},
    {Op::psrld, shifted<u32, right<u32>>},
    {Op::psrlq, shifted<u64, right<u64>>},
    {Op::psraw, shifted<i16, right_signed<i16>>},
    {Op::psrad, shifted<i32, right_signed<i32>>},
    {Op::vpsllvd, shifted_apart<u32, left<u32>>},
    {Op::vpsllvq, shifted_apart<u64, left<u64>>},
    {Op::vpsrlvd, shifted_apart<u32, right<u32>>},
    {Op::vpsrlvq, shifted_apart<u64, right<u64>>},
    {Op::vpsravd, shifted_apart<i32, right_signed<i32>>},
    {Op::phaddw, horizontal<u16, 16, add>, horizontal<u16, 8, add>},
    {Op::phaddd, horizontal<u32, 16, add>, horizontal<u32, 8, add>},
    {Op::phaddsw, horizontal<i16, 16, add_saturated<i16>>, horizontal<i16, 8, add_saturated<i16>>},
    {Op::phsubw, horizontal<u16, 16, subtract>, horizontal<u16, 8, subtract>},
    {Op::phsubd, horizontal<u32, 16, subtract>, horizontal<u32, 8, subtract>},
    {Op::phsubsw, horizontal<i16, 16, subtract_saturated<i16>>, horizontal<i16, 8, subtract_saturated<i16>>},
    {Op::mpsadbw, multiple_sums_of_differences},
    {Op::phminposuw, smallest_and_place},
});

} // namespace

std::span<const KernelRow> packed_arithmetic() { return table; }

} // namespace orrery::x86
