// Arithmetic and comparisons of singles and doubles (SDM 1, 10.4.1, 11.4.1; SDM 2 by instruction).
#include <cstring>
#include <type_traits>

#include "cpu/x86/flags.hpp"
#include "cpu/x86/floating_environment.hpp"

namespace orrery::x86 {
namespace {

#define BOTH(name)                                                                                                     \
    ORRERY_HOST_INSTRUCTION(host_##name, #name)                                                                        \
    Vector name(const KernelOperands& o) { return host_##name(o.a, o.b); }
#define FOUR(name) BOTH(name##ps) BOTH(name##pd) BOTH(name##ss) BOTH(name##sd)
FOUR(add)
FOUR(sub)
FOUR(mul)
FOUR(div)
FOUR(min)
FOUR(max)
FOUR(sqrt)
#undef FOUR
#undef BOTH

// ---- comparisons to masks, by three bits of the immediate; with VEX by five (SDM 2, CMPPD)

#define COMPARISON(name, predicate) ORRERY_HOST_INSTRUCTION(name##_##predicate, #name " $" #predicate ",")
#define COMPARISONS(name)                                                                                              \
    COMPARISON(name, 0)                                                                                                \
    COMPARISON(name, 1)                                                                                                \
    COMPARISON(name, 2)                                                                                                \
    COMPARISON(name, 3)                                                                                                \
    COMPARISON(name, 4)                                                                                                \
    COMPARISON(name, 5)                                                                                                \
    COMPARISON(name, 6)                                                                                                \
    COMPARISON(name, 7)                                                                                                \
    constexpr std::array name##_predicates{name##_0, name##_1, name##_2, name##_3,                                     \
                                           name##_4, name##_5, name##_6, name##_7};
COMPARISONS(cmpps)
COMPARISONS(cmppd)
COMPARISONS(cmpss)
COMPARISONS(cmpsd)
#undef COMPARISONS
#undef COMPARISON

constexpr u32 less = 1, unordered = 3; // of SSE's predicates

// Of what the 32 hold, and whether they raise the flag for a quiet NaN.
struct Predicate {
    bool if_less, if_equal, if_greater, if_unordered, signals;
};
constexpr Predicate predicate_of(u32 number) {
    // EQ LT LE UNORD and their opposites; from 8 on the same with the other answer for what is unordered.
    const u32 relation = number & 3;
    const bool inverted = (number & 4) != 0;
    const bool other = (number & 8) != 0;
    Predicate p{.if_less = relation == 1 || relation == 2,
                .if_equal = relation == 0 || relation == 2,
                .if_greater = false,
                .if_unordered = relation == 3,
                .signals = relation == 1 || relation == 2};
    if (inverted) p = {!p.if_less, !p.if_equal, !p.if_greater, !p.if_unordered, p.signals};
    if (other) p.if_unordered = !p.if_unordered;
    if ((number & 16) != 0) p.signals = !p.signals;
    return p;
}

Vector either(const Vector& a, const Vector& b) { return {a[0] | b[0], a[1] | b[1]}; }
Vector but(const Vector& a, const Vector& b) { return {a[0] & ~b[0], a[1] & ~b[1]}; }

// `relations`: the eight of SSE, of vectors. Where either is a NaN both are made zero before they are compared, so that
// only the first comparison raises flags for it.
template <const auto& relations> Vector relation(const Vector& a, const Vector& b, const Predicate& predicate) {
    const Vector nan = relations[predicate.signals ? less : unordered](a, b);
    const Vector is_nan = predicate.signals ? relations[unordered](a, b) : nan;
    const Vector x = but(a, is_nan), y = but(b, is_nan);
    const Vector is_less = relations[less](x, y), is_greater = relations[less](y, x);
    Vector result{};
    if (predicate.if_less) result = either(result, is_less);
    if (predicate.if_greater) result = either(result, is_greater);
    if (predicate.if_equal) result = either(result, but(but({~u64{0}, ~u64{0}}, is_less), is_greater));
    result = but(result, is_nan);
    return predicate.if_unordered ? either(result, is_nan) : result;
}

// `Lane`: of the lowest lane alone, or void.
template <const auto& instructions, const auto& relations, typename Lane> Vector compare(const KernelOperands& o) {
    if (o.immediate < instructions.size()) return instructions[o.immediate](o.a, o.b);
    if constexpr (std::is_void_v<Lane>) {
        return relation<relations>(o.a, o.b, predicate_of(o.immediate));
    } else {
        Vector result = o.a;
        const Vector x{lanes<Lane>(o.a)[0], 0}, y{lanes<Lane>(o.b)[0], 0};
        const Lane lane = lanes<Lane>(relation<relations>(x, y, predicate_of(o.immediate)))[0];
        std::memcpy(&result, &lane, sizeof lane);
        return result;
    }
}

// ---- comparisons to flags: the result is their image

#define COMPARISON(name)                                                                                               \
    Vector name(const KernelOperands& o) {                                                                             \
        bool zero, parity, carry;                                                                                      \
        asm volatile(#name " %4, %3"                                                                                   \
                     : "=@ccz"(zero), "=@ccp"(parity), "=@ccc"(carry)                                                  \
                     : "x"(std::bit_cast<HostVector>(o.a)), "x"(std::bit_cast<HostVector>(o.b)));                      \
        return {(zero ? flag::zero : 0) | (parity ? flag::parity : 0) | (carry ? flag::carry : 0), 0};                 \
    }
COMPARISON(comiss)
COMPARISON(comisd)
COMPARISON(ucomiss)
COMPARISON(ucomisd)
#undef COMPARISON

// ---- SSE3, of what SSE2 has

template <typename T> Lanes<T> even(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    if constexpr (sizeof(T) == 8)
        return {a[0], b[0]};
    else
        return {a[0], a[2], b[0], b[2]};
}
template <typename T> Lanes<T> odd(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    if constexpr (sizeof(T) == 8)
        return {a[1], b[1]};
    else
        return {a[1], a[3], b[1], b[3]};
}
template <typename T, auto instruction> Vector horizontal(const KernelOperands& o) {
    return instruction(vector_of<T>(even<T>(o)), vector_of<T>(odd<T>(o)));
}

// Subtracts in even lanes and adds in odd ones, each lane by itself.
template <typename T, auto add, auto subtract> Vector add_and_subtract(const KernelOperands& o) {
    const Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
        const Vector x{a[i], 0}, y{b[i], 0};
        result[i] = static_cast<T>((i % 2 == 0 ? subtract(x, y) : add(x, y))[0]);
    }
    return vector_of<T>(result);
}

// ---- SSE4.1

// SDM 2, DPPS and DPPD. Products that don't count are +0.
template <typename T, auto multiply> Lanes<T> products(const KernelOperands& o) {
    Lanes<T> a = lanes<T>(o.a), b = lanes<T>(o.b);
    for (std::size_t i = 0; i < a.size(); ++i)
        if ((o.immediate >> (4 + i) & 1) == 0) a[i] = b[i] = 0;
    return lanes<T>(multiply(vector_of<T>(a), vector_of<T>(b)));
}
template <typename T> Vector spread(u64 value, u32 where) {
    Lanes<T> result{};
    for (std::size_t i = 0; i < result.size(); ++i)
        if ((where >> i & 1) != 0) result[i] = static_cast<T>(value);
    return vector_of<T>(result);
}
Vector dot_product_singles(const KernelOperands& o) {
    const Lanes<u32> p = products<u32, host_mulps>(o);
    const Vector low = host_addss({p[0], 0}, {p[1], 0});
    const Vector high = host_addss({p[2], 0}, {p[3], 0});
    return spread<u32>(host_addss(low, high)[0], o.immediate);
}
Vector dot_product_doubles(const KernelOperands& o) {
    const Lanes<u64> p = products<u64, host_mulpd>(o);
    return spread<u64>(host_addsd({p[0], 0}, {p[1], 0})[0], o.immediate);
}

template <typename T> struct Format;
template <> struct Format<u32> {
    static constexpr u32 fraction_bits = 23, bias = 127, maximum_exponent = 255;
};
template <> struct Format<u64> {
    static constexpr u32 fraction_bits = 52, bias = 1023, maximum_exponent = 2047;
};

// SDM 2, ROUNDPS: to an integral value; `rounding` as in MXCSR. Sets `inexact` where it isn't one.
template <typename T> T round_to_integral(T value, u32 rounding, bool& inexact) {
    using F = Format<T>;
    constexpr T sign_bit = T{1} << (8 * sizeof(T) - 1);
    const T sign = value & sign_bit;
    const T magnitude = value & static_cast<T>(~sign_bit);
    const auto exponent = static_cast<u32>(magnitude >> F::fraction_bits);
    if (exponent >= F::bias + F::fraction_bits || magnitude == 0) return value;
    const bool up = (rounding == 2 && sign == 0) || (rounding == 1 && sign != 0);
    constexpr T one = T{F::bias} << F::fraction_bits;
    if (exponent < F::bias) {
        inexact = true;
        constexpr T half = T{F::bias - 1} << F::fraction_bits;
        const bool nearest_is_one = rounding == 0 && magnitude > half;
        return sign | (up || nearest_is_one ? one : T{0});
    }
    const u32 fraction_bits = F::bias + F::fraction_bits - exponent;
    const T unit = T{1} << fraction_bits;
    const T fraction = magnitude & (unit - 1);
    if (fraction == 0) return value;
    inexact = true;
    const T below = magnitude - fraction;
    const T half = unit >> 1;
    const bool nearest_is_above = rounding == 0 && (fraction > half || (fraction == half && (below & unit) != 0));
    return sign | (up || nearest_is_above ? below + unit : below);
}

template <typename T> T round_lane(T value, u32 immediate, u32 control) {
    using F = Format<T>;
    constexpr T sign_bit = T{1} << (8 * sizeof(T) - 1);
    constexpr T quiet_bit = T{1} << (F::fraction_bits - 1);
    const T magnitude = value & static_cast<T>(~sign_bit);
    const auto exponent = static_cast<u32>(magnitude >> F::fraction_bits);
    if (exponent == F::maximum_exponent) {
        const bool is_nan = (magnitude & ((T{1} << F::fraction_bits) - 1)) != 0;
        if (is_nan && (value & quiet_bit) == 0) raise_flag(mxcsr::invalid);
        return is_nan ? value | quiet_bit : value;
    }
    if (exponent == 0 && (control & mxcsr::denormals_are_zeros) != 0) return value & sign_bit;
    const u32 rounding = (immediate & 4) != 0 ? (control & mxcsr::rounding) >> mxcsr::rounding_shift : immediate & 3;
    bool inexact = false;
    const T result = round_to_integral(value, rounding, inexact);
    if (inexact && (immediate & 8) == 0) raise_flag(mxcsr::precision);
    return result;
}
template <typename T, bool scalar> Vector round(const KernelOperands& o) {
    const u32 control = read_mxcsr();
    Lanes<T> result = scalar ? lanes<T>(o.a) : lanes<T>(o.b);
    const Lanes<T> b = lanes<T>(o.b);
    for (std::size_t i = 0; i < (scalar ? 1 : result.size()); ++i) result[i] = round_lane(b[i], o.immediate, control);
    return vector_of<T>(result);
}

constexpr auto table = std::to_array<KernelRow>({
#define ROW(name) {Op::name, name},
#define FOUR(name) ROW(name##ps) ROW(name##pd) ROW(name##ss) ROW(name##sd)
    FOUR(add) FOUR(sub) FOUR(mul) FOUR(div) FOUR(min) FOUR(max) FOUR(sqrt)
#undef FOUR
        ROW(comiss) ROW(comisd) ROW(ucomiss) ROW(ucomisd)
#undef ROW
            {Op::cmpps, compare<cmpps_predicates, cmpps_predicates, void>},
    {Op::cmppd, compare<cmppd_predicates, cmppd_predicates, void>},
    {Op::cmpss, compare<cmpss_predicates, cmpps_predicates, u32>},
    {Op::cmpsd_vector, compare<cmpsd_predicates, cmppd_predicates, u64>},
    {Op::haddps, horizontal<u32, host_addps>},
    {Op::haddpd, horizontal<u64, host_addpd>},
    {Op::hsubps, horizontal<u32, host_subps>},
    {Op::hsubpd, horizontal<u64, host_subpd>},
    {Op::addsubps, add_and_subtract<u32, host_addss, host_subss>},
    {Op::addsubpd, add_and_subtract<u64, host_addsd, host_subsd>},
    {Op::dpps, dot_product_singles},
    {Op::dppd, dot_product_doubles},
    {Op::roundps, round<u32, false>},
    {Op::roundpd, round<u64, false>},
    {Op::roundss, round<u32, true>},
    {Op::roundsd, round<u64, true>},
});

} // namespace

std::span<const KernelRow> floating_arithmetic() { return table; }

} // namespace orrery::x86
