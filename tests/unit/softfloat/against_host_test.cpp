// The integer implementation against the host's floating-point unit, in the four rounding modes that it has.
#include "cpu/float/host_float.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/operands.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#include <limits>

using namespace orrery;
using namespace orrery::softfloat;
using namespace orrery::test;

namespace {

constexpr int operand_tuples = 200'000;

template <typename F, typename Operation> void compare_binary(const char* name, u64 seed, Operation operation) {
    Random random(seed);
    for (int count = 0; count < operand_tuples; ++count) {
        const auto a = crowded_operand<F>(random);
        const auto b = crowded_operand<F>(random);
        for (const Rounding rounding : host_roundings) {
            const Flags already = static_cast<Flags>(random.next() & 0x1f & random.next());
            Outcome soft{0, already};
            Outcome host{0, already};
            soft.bits = operation.template operator()<Soft<F>>(a, b, rounding, soft.flags);
            host.bits = operation.template operator()<Host<F>>(a, b, rounding, host.flags);
            require_same(name, soft, host, static_cast<u32>(rounding), a, b);
        }
    }
}

// The host's own conversion to i64, saturated; `word` converts to 32 bits.
template <typename F, bool word> Outcome host_convert(typename F::Bits a, Rounding rounding) {
    const u32 saved = _mm_getcsr();
    _mm_setcsr(detail::mxcsr_for(rounding));
    const auto value = value_of<F>(a);
    i64 result = 0;
    if constexpr (word) {
        i32 narrow = 0;
        if constexpr (std::is_same_v<F, F64>)
            asm volatile("cvtsd2si %1, %0" : "=r"(narrow) : "x"(value));
        else
            asm volatile("cvtss2si %1, %0" : "=r"(narrow) : "x"(value));
        result = narrow;
    } else {
        if constexpr (std::is_same_v<F, F64>)
            asm volatile("cvtsd2si %1, %0" : "=r"(result) : "x"(value));
        else
            asm volatile("cvtss2si %1, %0" : "=r"(result) : "x"(value));
    }
    const Flags flags = detail::flags_of_mxcsr[detail::read_mxcsr() & detail::mxcsr_flags];
    _mm_setcsr(saved);
    if ((flags & flag::invalid) != 0) {
        const bool low = is_negative<F>(a) && !is_nan<F>(a);
        if constexpr (word)
            result = low ? std::numeric_limits<i32>::min() : std::numeric_limits<i32>::max();
        else
            result = low ? std::numeric_limits<i64>::min() : std::numeric_limits<i64>::max();
    }
    return {static_cast<u64>(result), flags};
}

constexpr Outcome invalid(u64 bits) { return {bits, flag::invalid}; }

template <typename F> Outcome expected_u32(typename F::Bits a, Rounding rounding) {
    const Outcome wide = host_convert<F, false>(a, rounding);
    const i64 value = static_cast<i64>(wide.bits);
    if (is_nan<F>(a) || value > 0xffff'ffff) return invalid(0xffff'ffff);
    return value < 0 ? invalid(0) : wide;
}

template <typename F> Outcome expected_u64(typename F::Bits a, Rounding rounding) {
    const ValueOf<F> value = value_of<F>(a);
    if (!(value < 0x1p64f)) return invalid(~u64{0});
    if (value >= 0x1p63f) return {static_cast<u64>(value - 0x1p63f) + (u64{1} << 63), 0}; // both steps are exact
    const Outcome wide = host_convert<F, false>(a, rounding);
    return static_cast<i64>(wide.bits) < 0 ? invalid(0) : wide;
}

template <typename Arithmetic, typename Int, typename Bits> Outcome converted(Bits a, Rounding rounding) {
    Outcome outcome;
    outcome.bits = static_cast<u64>(i128{Arithmetic::template to_integer<Int>(a, rounding, outcome.flags)});
    return outcome;
}

template <typename F> void compare_integers(u64 seed) {
    Random random(seed);
    for (int count = 0; count < operand_tuples; ++count) {
        const auto a = crowded_operand<F>(random);
        for (const Rounding rounding : host_roundings) {
            const u32 mode = static_cast<u32>(rounding);
            const Outcome word = host_convert<F, true>(a, rounding);
            const Outcome dword = host_convert<F, false>(a, rounding);
            require_same("soft i32", converted<Soft<F>, i32>(a, rounding), word, mode, a);
            require_same("host i32", converted<Host<F>, i32>(a, rounding), word, mode, a);
            require_same("soft i64", converted<Soft<F>, i64>(a, rounding), dword, mode, a);
            require_same("host i64", converted<Host<F>, i64>(a, rounding), dword, mode, a);
            require_same("soft u32", converted<Soft<F>, u32>(a, rounding), expected_u32<F>(a, rounding), mode, a);
            require_same("host u32", converted<Host<F>, u32>(a, rounding), expected_u32<F>(a, rounding), mode, a);
            require_same("soft u64", converted<Soft<F>, u64>(a, rounding), expected_u64<F>(a, rounding), mode, a);
            require_same("host u64", converted<Host<F>, u64>(a, rounding), expected_u64<F>(a, rounding), mode, a);
        }
    }
}

template <typename F, typename Int> void compare_from_integer(u64 seed) {
    Random random(seed);
    for (int count = 0; count < operand_tuples; ++count) {
        const u64 magnitude = crowded_fraction(random, 63) >> random.below(63);
        const Int value = static_cast<Int>(random.below(2) != 0 ? magnitude : ~magnitude);
        for (const Rounding rounding : host_roundings) {
            Outcome soft;
            Outcome host;
            soft.bits = Soft<F>::from_integer(value, rounding, soft.flags);
            host.bits = Host<F>::from_integer(value, rounding, host.flags);
            require_same("from integer", soft, host, static_cast<u32>(rounding), static_cast<u64>(value));
        }
    }
}

__attribute__((target("sse4.1"))) Outcome host_round(u64 a, Rounding rounding) {
    _mm_setcsr(detail::mxcsr_for(rounding));
    double value = value_of<F64>(a);
    asm volatile("roundsd $4, %0, %0" : "+x"(value)); // 4: by MXCSR, raises inexact
    const Flags flags = detail::flags_of_mxcsr[detail::read_mxcsr() & detail::mxcsr_flags];
    _mm_setcsr(detail::mxcsr_masked);
    return {value != value ? F64::canonical_nan : std::bit_cast<u64>(value), flags};
}

template <typename F> int host_relation(typename F::Bits a, typename F::Bits b, bool signaling, Flags& flags) {
    bool above_or_unordered = false; // as UCOMIS sets CF ("below") and PF, with the operands exchanged
    bool unordered = false;
    bool equal_or_unordered = false;
    const auto x = value_of<F>(a);
    const auto y = value_of<F>(b);
    _mm_setcsr(detail::mxcsr_masked);
    if constexpr (std::is_same_v<F, F64>) {
        if (signaling)
            asm volatile("comisd %4, %3"
                         : "=@ccc"(above_or_unordered), "=@ccp"(unordered), "=@ccz"(equal_or_unordered)
                         : "x"(y), "x"(x));
        else
            asm volatile("ucomisd %4, %3"
                         : "=@ccc"(above_or_unordered), "=@ccp"(unordered), "=@ccz"(equal_or_unordered)
                         : "x"(y), "x"(x));
    } else {
        if (signaling)
            asm volatile("comiss %4, %3"
                         : "=@ccc"(above_or_unordered), "=@ccp"(unordered), "=@ccz"(equal_or_unordered)
                         : "x"(y), "x"(x));
        else
            asm volatile("ucomiss %4, %3"
                         : "=@ccc"(above_or_unordered), "=@ccp"(unordered), "=@ccz"(equal_or_unordered)
                         : "x"(y), "x"(x));
    }
    flags = detail::flags_of_mxcsr[detail::read_mxcsr() & detail::mxcsr_flags];
    if (unordered) return static_cast<int>(Relation::unordered);
    if (equal_or_unordered) return static_cast<int>(Relation::equal);
    return static_cast<int>(above_or_unordered ? Relation::greater : Relation::less);
}

template <typename F> void compare_relations(u64 seed) {
    Random random(seed);
    for (int count = 0; count < operand_tuples; ++count) {
        const auto a = crowded_operand<F>(random);
        auto b = crowded_operand<F>(random);
        if (random.below(4) == 0) b = static_cast<typename F::Bits>(a + random.below(3) - 1);
        for (const bool signaling : {false, true}) {
            Outcome soft;
            Outcome host;
            soft.bits = static_cast<u64>(
                compare<F>(a, b, signaling ? NanComparison::signaling : NanComparison::quiet, soft.flags));
            host.bits = static_cast<u64>(host_relation<F>(a, b, signaling, host.flags));
            require_same("compare", soft, host, signaling, a, b);
        }
    }
}

// Operations as templates over the implementation.
constexpr auto run_add = []<typename A>(auto a, auto b, Rounding r, Flags& f) { return A::add(a, b, r, f); };
constexpr auto run_sub = []<typename A>(auto a, auto b, Rounding r, Flags& f) { return A::sub(a, b, r, f); };
constexpr auto run_mul = []<typename A>(auto a, auto b, Rounding r, Flags& f) { return A::mul(a, b, r, f); };
constexpr auto run_div = []<typename A>(auto a, auto b, Rounding r, Flags& f) { return A::div(a, b, r, f); };
constexpr auto run_root = []<typename A>(auto a, auto, Rounding r, Flags& f) { return A::sqrt(a, r, f); };

// The third operand is often the negated product or near it, so that everything cancels but the last bits.
template <typename F> void compare_multiply_add(u64 seed) {
    Random random(seed);
    for (int count = 0; count < operand_tuples; ++count) {
        const auto a = crowded_operand<F>(random);
        const auto b = crowded_operand<F>(random);
        auto c = crowded_operand<F>(random);
        Flags ignored = 0;
        if (random.below(3) == 0) c = negate<F>(Soft<F>::mul(a, b, Rounding::nearest_even, ignored));
        if (random.below(3) == 0) c = static_cast<typename F::Bits>(c ^ random.below(4));
        for (const Rounding rounding : host_roundings) {
            // With inexact already raised the host's operations go another way.
            const Flags already = random.below(2) != 0 ? flag::inexact : Flags{0};
            Outcome soft{0, already};
            Outcome host{0, already};
            soft.bits = Soft<F>::multiply_add(a, b, c, rounding, soft.flags);
            host.bits = Host<F>::multiply_add(a, b, c, rounding, host.flags);
            require_same("multiply-add", soft, host, static_cast<u32>(rounding), a, b, c);
        }
    }
}

} // namespace

TEST_CASE("addition, subtraction, multiplication and division equal the host's in every mode") {
    compare_binary<F32>("add f32", 1, run_add);
    compare_binary<F64>("add f64", 2, run_add);
    compare_binary<F32>("sub f32", 3, run_sub);
    compare_binary<F64>("sub f64", 4, run_sub);
    compare_binary<F32>("mul f32", 5, run_mul);
    compare_binary<F64>("mul f64", 6, run_mul);
    compare_binary<F32>("div f32", 7, run_div);
    compare_binary<F64>("div f64", 8, run_div);
}

TEST_CASE("square roots equal the host's in every mode") {
    compare_binary<F32>("sqrt f32", 9, run_root);
    compare_binary<F64>("sqrt f64", 10, run_root);
}

TEST_CASE("fused multiply-add equals the host's in every mode") {
    if (!__builtin_cpu_supports("fma")) {
        WARN("skipped: this host has no FMA3; the comparison with wider arithmetic remains");
        return;
    }
    compare_multiply_add<F32>(11);
    compare_multiply_add<F64>(12);
}

TEST_CASE("f32 and f64 convert into each other as on the host") {
    Random random(13);
    for (int count = 0; count < operand_tuples; ++count) {
        u64 wide = crowded_operand<F64>(random);
        // Mostly numbers around f32's range, where rounding, overflow and subnormals happen.
        if (random.below(4) != 0) wide = (wide & ~F64::infinity) | (896 - 30 + random.below(316)) << 52;
        const u32 narrow = crowded_operand<F32>(random);
        for (const Rounding rounding : host_roundings) {
            const Flags already = random.below(2) != 0 ? flag::inexact : Flags{0};
            Outcome soft{0, already};
            Outcome host{0, already};
            soft.bits = Soft<F64>::convert<F32>(wide, rounding, soft.flags);
            host.bits = Host<F64>::convert<F32>(wide, rounding, host.flags);
            require_same("f64 to f32", soft, host, static_cast<u32>(rounding), wide);
            soft = host = {0, already};
            soft.bits = Soft<F32>::convert<F64>(narrow, rounding, soft.flags);
            host.bits = Host<F32>::convert<F64>(narrow, rounding, host.flags);
            require_same("f32 to f64", soft, host, static_cast<u32>(rounding), narrow);
        }
    }
}

TEST_CASE("conversions to integers equal the host's where it has them, and saturate elsewhere") {
    compare_integers<F32>(14);
    compare_integers<F64>(15);
}

TEST_CASE("conversions from integers equal the host's") {
    compare_from_integer<F32, i32>(16);
    compare_from_integer<F32, u32>(17);
    compare_from_integer<F32, i64>(18);
    compare_from_integer<F32, u64>(19);
    compare_from_integer<F64, i32>(20);
    compare_from_integer<F64, u32>(21);
    compare_from_integer<F64, i64>(22);
    compare_from_integer<F64, u64>(23);
}

TEST_CASE("rounding to an integral value equals the host's") {
    if (!__builtin_cpu_supports("sse4.1")) {
        WARN("skipped: this host has no SSE4.1");
        return;
    }
    Random random(24);
    for (int count = 0; count < operand_tuples; ++count) {
        const u64 a = crowded_operand<F64>(random);
        for (const Rounding rounding : host_roundings) {
            Outcome soft;
            soft.bits = Soft<F64>::round_to_integral(a, rounding, true, soft.flags);
            require_same("round", soft, host_round(a, rounding), static_cast<u32>(rounding), a);
        }
    }
}

TEST_CASE("comparisons equal the host's") {
    compare_relations<F32>(25);
    compare_relations<F64>(26);
}

TEST_CASE("host operations are right under any MXCSR and give its control bits back") {
    Random random(27);
    for (int count = 0; count < operand_tuples; ++count) {
        const u64 a = crowded_operand<F64>(random);
        const u64 b = crowded_operand<F64>(random);
        const Rounding rounding = host_roundings[random.below(4)];
        const Flags already = static_cast<Flags>(random.next() & 0x1f);
        Outcome soft{0, already};
        Outcome host{0, already};
        soft.bits = Soft<F64>::add(a, b, rounding, soft.flags);
        // Rounding control and sticky flags at will.
        const u32 before = detail::mxcsr_masked | static_cast<u32>(random.next() & 0x603f);
        _mm_setcsr(before);
        host.bits = Host<F64>::add(a, b, rounding, host.flags);
        const u32 after = detail::read_mxcsr();
        _mm_setcsr(detail::mxcsr_masked);
        require_same("add", soft, host, static_cast<u32>(rounding), a, b);
        const u32 added = after & ~before;
        if ((before & ~after) != 0 || (added & ~detail::mxcsr_flags) != 0 ||
            (detail::flags_of_mxcsr[added] & ~host.flags) != 0)
            FAIL("MXCSR was " << before << " and came back as " << after);
    }
}
#endif
