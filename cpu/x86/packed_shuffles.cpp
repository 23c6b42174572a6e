// What moves lanes without computing: unpacking, packing, shuffles, blends, insertions, extensions (SDM 1, 9.4, 10.4.3
// and 11.4; SDM 2 by instruction).
#include <algorithm>
#include <limits>
#include <type_traits>

#include "cpu/x86/flags.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

// Lanes of both operands in turn, from lane `first` on.
template <typename T, std::size_t first> Vector interleave(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size() / 2; ++i) {
        result[2 * i] = a[first + i];
        result[2 * i + 1] = b[first + i];
    }
    return vector_of<T>(result);
}
template <typename T> constexpr auto interleave_low = interleave<T, 0>;
template <typename T> constexpr auto interleave_high = interleave<T, lane_count<T> / 2>;
// The upper half of 64 bits.
template <typename T> constexpr auto interleave_high_mmx = interleave<T, lane_count<T> / 4>;

// Halves as wide, the first operand's before the second's; `size`: of an operand, in bytes.
template <typename To, typename From, std::size_t size> Vector pack(const KernelOperands& o) {
    constexpr std::size_t count = size / sizeof(From);
    const auto saturate = [](From value) {
        return static_cast<To>(std::clamp<i32>(value, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
    };
    const Lanes<From> a = lanes<From>(o.a), b = lanes<From>(o.b);
    Lanes<To> result{};
    for (std::size_t i = 0; i < count; ++i) {
        result[i] = saturate(a[i]);
        result[count + i] = saturate(b[i]);
    }
    return vector_of<To>(result);
}

// The immediate says which of the first two groups of lanes.
template <typename To, typename From> Vector extend(const KernelOperands& o) {
    const Lanes<From> b = lanes<From>(o.b);
    Lanes<To> result{};
    const std::size_t first = (o.immediate & 1) * result.size();
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<To>(b[first + i]);
    return vector_of<To>(result);
}

// Four lanes from `first` on, each chosen by two bits of the immediate; the others as they are.
template <typename T, std::size_t first> Vector shuffle(const KernelOperands& o) {
    const Lanes<T> b = lanes<T>(o.b);
    Lanes<T> result = b;
    for (std::size_t i = 0; i < 4; ++i) result[first + i] = b[first + (o.immediate >> (2 * i) & 3)];
    return vector_of<T>(result);
}

Vector shuffle_two_singles(const KernelOperands& o) {
    const Lanes<u32> a = lanes<u32>(o.a), b = lanes<u32>(o.b);
    const auto chosen = [&](u32 at) { return o.immediate >> at & 3; };
    return vector_of<u32>({a[chosen(0)], a[chosen(2)], b[chosen(4)], b[chosen(6)]});
}
Vector shuffle_two_doubles(const KernelOperands& o) { return {o.a[o.immediate & 1], o.b[o.immediate >> 1 & 1]}; }

// SDM 2, VPERMILPS: lanes of the first by those of the second.
Vector choose_singles(const KernelOperands& o) {
    const Lanes<u32> a = lanes<u32>(o.a), b = lanes<u32>(o.b);
    return vector_of<u32>({a[b[0] & 3], a[b[1] & 3], a[b[2] & 3], a[b[3] & 3]});
}
Vector choose_doubles(const KernelOperands& o) { return {o.a[o.b[0] >> 1 & 1], o.a[o.b[1] >> 1 & 1]}; }
// SDM 2, VPERMD: each lane of the first names one of the eight in the second and third.
Vector choose_of_eight(const KernelOperands& o) {
    const Lanes<u32> numbers = lanes<u32>(o.a), b = lanes<u32>(o.b), c = lanes<u32>(o.c);
    Lanes<u32> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = ((numbers[i] & 4) != 0 ? c : b)[numbers[i] & 3];
    return vector_of<u32>(result);
}

template <u8 index_mask> Vector shuffle_bytes(const KernelOperands& o) {
    const Lanes<u8> a = lanes<u8>(o.a), b = lanes<u8>(o.b);
    Lanes<u8> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = (b[i] & 0x80) != 0 ? u8{0} : a[b[i] & index_mask];
    return vector_of<u8>(result);
}

// Bytes from place `first` on of `low` and then `high`, each of `size` bytes; zeros behind them.
template <std::size_t size> Vector bytes_from(const Vector& low, const Vector& high, std::size_t first) {
    const Lanes<u8> l = lanes<u8>(low), h = lanes<u8>(high);
    Lanes<u8> result{};
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t at = first + i;
        if (at < size) {
            result[i] = l[at];
        } else if (at < 2 * size) {
            result[i] = h[at - size];
        }
    }
    return vector_of<u8>(result);
}
template <std::size_t size> Vector align_right(const KernelOperands& o) {
    return bytes_from<size>(o.b, o.a, o.immediate);
}
Vector bytes_right(const KernelOperands& o) { return bytes_from<16>(o.a, {}, std::min<u64>(o.b[0], 16)); }
Vector bytes_left(const KernelOperands& o) { return bytes_from<16>({}, o.a, 16 - std::min<u64>(o.b[0], 16)); }

// ---- blends: lanes of the second where the control says so

// SDM 2, PTEST: ZF and CF, as an image of the flags.
Vector test_bits(const KernelOperands& o) {
    const bool none = ((o.a[0] & o.b[0]) | (o.a[1] & o.b[1])) == 0;
    const bool others = ((~o.a[0] & o.b[0]) | (~o.a[1] & o.b[1])) == 0;
    return {(none ? flag::zero : 0) | (others ? flag::carry : 0), 0};
}

// SDM 2, VTESTPS: the same of the lanes' signs.
template <typename T> Vector test_signs(const KernelOperands& o) {
    constexpr u64 signs = sizeof(T) == 8 ? u64{1} << 63 : u64{1} << 63 | u64{1} << 31;
    const Vector b{o.b[0] & signs, o.b[1] & signs};
    return test_bits({.a = o.a, .b = b, .c = b});
}

template <typename T> Vector blend(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = (o.immediate >> i & 1) != 0 ? b[i] : a[i];
    return vector_of<T>(result);
}
template <typename T> Vector blend_by_sign(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    const auto control = lanes<std::make_signed_t<T>>(o.c);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = control[i] < 0 ? b[i] : a[i];
    return vector_of<T>(result);
}

// ---- single lanes

template <typename T, std::size_t count> Vector insert(const KernelOperands& o) {
    Lanes<T> result = lanes<T>(o.a);
    result[o.immediate % count] = static_cast<T>(o.b[0]);
    return vector_of<T>(result);
}
template <typename T, std::size_t count> Vector extract(const KernelOperands& o) {
    return {lanes<T>(o.b)[o.immediate % count], 0};
}
// SDM 2, INSERTPS. From memory it is lane 0, and the translator has cleared the number.
Vector insert_single(const KernelOperands& o) {
    Lanes<u32> result = lanes<u32>(o.a);
    result[o.immediate >> 4 & 3] = lanes<u32>(o.b)[o.immediate >> 6 & 3];
    for (std::size_t i = 0; i < result.size(); ++i)
        if ((o.immediate >> i & 1) != 0) result[i] = 0;
    return vector_of<u32>(result);
}
// A bit for each lane's sign.
template <typename T> Vector signs(const KernelOperands& o) {
    u64 bits = 0;
    const auto b = lanes<std::make_signed_t<T>>(o.b);
    for (std::size_t i = 0; i < b.size(); ++i) bits |= u64{b[i] < 0} << i;
    return {bits, 0};
}

template <std::size_t from> Vector duplicate_singles(const KernelOperands& o) {
    const Lanes<u32> b = lanes<u32>(o.b);
    return vector_of<u32>({b[from], b[from], b[2 + from], b[2 + from]});
}

constexpr auto table = std::to_array<KernelRow>({
    {Op::punpcklbw, interleave_low<u8>},
    {Op::punpcklwd, interleave_low<u16>},
    {Op::punpckldq, interleave_low<u32>},
    {Op::punpcklqdq, interleave_low<u64>},
    {Op::punpckhbw, interleave_high<u8>, interleave_high_mmx<u8>},
    {Op::punpckhwd, interleave_high<u16>, interleave_high_mmx<u16>},
    {Op::punpckhdq, interleave_high<u32>, interleave_high_mmx<u32>},
    {Op::punpckhqdq, interleave_high<u64>},
    {Op::unpcklps, interleave_low<u32>},
    {Op::unpckhps, interleave_high<u32>},
    {Op::unpcklpd, interleave_low<u64>},
    {Op::unpckhpd, interleave_high<u64>},
    {Op::packsswb, pack<i8, i16, 16>, pack<i8, i16, 8>},
    {Op::packssdw, pack<i16, i32, 16>, pack<i16, i32, 8>},
    {Op::packuswb, pack<u8, i16, 16>, pack<u8, i16, 8>},
    {Op::packusdw, pack<u16, i32, 16>},
    {Op::pmovsxbw, extend<i16, i8>},
    {Op::pmovsxbd, extend<i32, i8>},
    {Op::pmovsxbq, extend<i64, i8>},
    {Op::pmovsxwd, extend<i32, i16>},
    {Op::pmovsxwq, extend<i64, i16>},
    {Op::pmovsxdq, extend<i64, i32>},
    {Op::pmovzxbw, extend<u16, u8>},
    {Op::pmovzxbd, extend<u32, u8>},
    {Op::pmovzxbq, extend<u64, u8>},
    {Op::pmovzxwd, extend<u32, u16>},
    {Op::pmovzxwq, extend<u64, u16>},
    {Op::pmovzxdq, extend<u64, u32>},
    {Op::pshufd, shuffle<u32, 0>},
    {Op::pshuflw, shuffle<u16, 0>},
    {Op::pshufhw, shuffle<u16, 4>},
    {Op::pshufw, shuffle<u16, 0>},
    {Op::shufps, shuffle_two_singles},
    {Op::shufpd, shuffle_two_doubles},
    {Op::pshufb, shuffle_bytes<15>, shuffle_bytes<7>},
    {Op::palignr, align_right<16>, align_right<8>},
    {Op::psrldq, bytes_right},
    {Op::pslldq, bytes_left},
    {Op::pblendvb, blend_by_sign<u8>},
    {Op::blendvps, blend_by_sign<u32>},
    {Op::blendvpd, blend_by_sign<u64>},
    {Op::blendps, blend<u32>},
    {Op::blendpd, blend<u64>},
    {Op::pblendw, blend<u16>},
    {Op::pinsrb, insert<u8, 16>},
    {Op::pinsrw, insert<u16, 8>, insert<u16, 4>},
    {Op::pinsrd, insert<u32, 4>},
    {Op::pextrb, extract<u8, 16>},
    {Op::pextrw, extract<u16, 8>, extract<u16, 4>},
    {Op::extractps, extract<u32, 4>},
    {Op::insertps, insert_single},
    {Op::pmovmskb, signs<u8>},
    {Op::movmskps, signs<u32>},
    {Op::movmskpd, signs<u64>},
    {Op::ptest, test_bits},
    {Op::vtestps, test_signs<u32>},
    {Op::vtestpd, test_signs<u64>},
    {Op::vpblendd, blend<u32>},
    {Op::vpermilps, choose_singles},
    {Op::vpermilpd, choose_doubles},
    {Op::vpermd, choose_of_eight},
    {Op::vpermps, choose_of_eight},
    {Op::movsldup, duplicate_singles<0>},
    {Op::movshdup, duplicate_singles<1>},
});

} // namespace

std::span<const KernelRow> packed_shuffles() { return table; }

} // namespace orrery::x86
