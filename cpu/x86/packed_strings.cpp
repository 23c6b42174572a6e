// Comparisons of strings (SDM 2B, 4.1: the control byte of PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM). `a` is the
// first string, `b` the second; of strings with explicit lengths `c` holds both.
#include <algorithm>
#include <bit>

#include "cpu/x86/flags.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

constexpr u32 words = 1, signed_elements = 2; // bits of the control byte
enum class Aggregation : u8 { any, ranges, each, ordered };

struct Compared {
    u32 bits = 0; // IntRes2
    u32 count = 0;
    bool first_ends = false;
    bool second_ends = false;
};

// Elements before the first that is zero.
template <typename T> u32 implicit_length(const Lanes<T>& string) {
    return static_cast<u32>(std::ranges::find(string, T{0}) - string.begin());
}
u32 explicit_length(u64 value, u32 count) {
    const u64 magnitude = static_cast<i64>(value) < 0 ? u64{0} - value : value;
    return static_cast<u32>(std::min<u64>(magnitude, count));
}

// Whether element i of the first string answers to element j of the second (SDM 2B, table 4-4: what isn't valid).
template <typename T> struct Strings {
    Lanes<T> first, second;
    u32 first_length, second_length;
    static constexpr u32 count = lane_count<T>;

    [[nodiscard]] bool any(u32 j) const {
        return j < second_length &&
               std::find(first.begin(), first.begin() + first_length, second[j]) != first.begin() + first_length;
    }
    [[nodiscard]] bool in_a_range(u32 j) const {
        if (j >= second_length) return false;
        for (u32 i = 0; i + 1 < first_length; i += 2)
            if (first[i] <= second[j] && second[j] <= first[i + 1]) return true;
        return false;
    }
    [[nodiscard]] bool equal(u32 j) const {
        const bool valid = j < first_length;
        return valid == (j < second_length) && (!valid || first[j] == second[j]);
    }
    // The first string stands here, or as much of it as has room.
    [[nodiscard]] bool begins(u32 j) const {
        for (u32 i = 0; i < first_length && i + j < count; ++i)
            if (i + j >= second_length || first[i] != second[i + j]) return false;
        return true;
    }
    [[nodiscard]] bool result(u32 j, Aggregation aggregation) const {
        switch (aggregation) {
        case Aggregation::any:
            return any(j);
        case Aggregation::ranges:
            return in_a_range(j);
        case Aggregation::each:
            return equal(j);
        case Aggregation::ordered:
            return begins(j);
        }
        return false;
    }
};

template <typename T, bool is_explicit> Compared compare_elements(const KernelOperands& o) {
    Strings<T> strings{.first = lanes<T>(o.a), .second = lanes<T>(o.b), .first_length = 0, .second_length = 0};
    constexpr u32 count = Strings<T>::count;
    strings.first_length = is_explicit ? explicit_length(o.c[0], count) : implicit_length<T>(strings.first);
    strings.second_length = is_explicit ? explicit_length(o.c[1], count) : implicit_length<T>(strings.second);
    u32 bits = 0;
    for (u32 j = 0; j < count; ++j) bits |= u32{strings.result(j, static_cast<Aggregation>(o.immediate >> 2 & 3))} << j;
    constexpr u32 all = (u32{1} << count) - 1;
    const u32 valid = (u32{1} << strings.second_length) - 1;
    const u32 polarity = o.immediate >> 4 & 3;
    if (polarity == 1) bits ^= all;
    if (polarity == 3) bits ^= valid;
    return {bits, count, strings.first_length < count, strings.second_length < count};
}

template <bool is_explicit> Compared compare(const KernelOperands& o) {
    if ((o.immediate & words) != 0)
        return (o.immediate & signed_elements) != 0 ? compare_elements<i16, is_explicit>(o)
                                                    : compare_elements<u16, is_explicit>(o);
    return (o.immediate & signed_elements) != 0 ? compare_elements<i8, is_explicit>(o)
                                                : compare_elements<u8, is_explicit>(o);
}

// The index, and then an image of the flags.
template <bool is_explicit> Vector index(const KernelOperands& o) {
    const Compared found = compare<is_explicit>(o);
    const bool last = (o.immediate & 0x40) != 0;
    u32 place = found.count;
    if (found.bits != 0)
        place =
            last ? static_cast<u32>(std::bit_width(found.bits)) - 1 : static_cast<u32>(std::countr_zero(found.bits));
    u64 flags = 0;
    if (found.bits != 0) flags |= flag::carry;
    if (found.second_ends) flags |= flag::zero;
    if (found.first_ends) flags |= flag::sign;
    if ((found.bits & 1) != 0) flags |= flag::overflow;
    return {place, flags};
}

template <bool is_explicit> Vector mask(const KernelOperands& o) {
    const Compared found = compare<is_explicit>(o);
    if ((o.immediate & 0x40) == 0) return {found.bits, 0};
    Lanes<u8> result{};
    for (u32 i = 0; i < result.size(); ++i)
        if ((found.bits >> (i * found.count / result.size()) & 1) != 0) result[i] = 0xff;
    return vector_of<u8>(result);
}

constexpr auto table = std::to_array<KernelRow>({
    {Op::pcmpestri, index<true>},
    {Op::pcmpestrm, mask<true>},
    {Op::pcmpistri, index<false>},
    {Op::pcmpistrm, mask<false>},
});

} // namespace

std::span<const KernelRow> packed_strings() { return table; }

} // namespace orrery::x86
