// The operations of softfloat.hpp executed by an x86-64 host's SSE2, bit for bit and flag for flag the same. What SSE2
// lacks (nearest-away rounding, fused multiply-add without FMA3, conversions near an integer's limits) goes to Soft.
//
// MXCSR on entry: any rounding mode and sticky flags, exceptions masked, FTZ and DAZ clear. On return the rounding mode
// is the same. Of the sticky flags those stay that were set; others may be added, but only flags that the operation has
// also put into its `Flags&`, and denormal.
//
// Reading and writing MXCSR costs several times an addition. So the usual case, rounding to nearest with inexact
// already raised, does without: a result strictly between the smallest normal and infinity can't have raised anything
// else.
#pragma once

#include "cpu/float/softfloat.hpp"

#if defined(__x86_64__)
#include <array>
#include <bit>
#include <type_traits>
#endif

namespace orrery::softfloat {

#if defined(__x86_64__)

namespace detail {

// SDM 1 10.2.3: flags IE DE ZE OE UE PE in bits 0..5, rounding control in bits 13..14, all exceptions masked.
inline constexpr u32 mxcsr_masked = 0x1f80;
inline constexpr u32 mxcsr_flags = 0x3f;

constexpr u32 mxcsr_for(Rounding rounding) {
    // Two bits for each Rounding; SSE numbers its modes nearest, down, up, toward zero.
    constexpr u32 control = 0b10'01'11'00;
    return mxcsr_masked | (control >> (static_cast<u32>(rounding) * 2) & 3) << 13;
}

inline constexpr auto flags_of_mxcsr = [] {
    std::array<Flags, mxcsr_flags + 1> table{};
    for (u32 sticky = 0; sticky < table.size(); ++sticky) {
        u32 flags = 0;
        if ((sticky & 0x01) != 0) flags |= flag::invalid;
        if ((sticky & 0x04) != 0) flags |= flag::divide_by_zero;
        if ((sticky & 0x08) != 0) flags |= flag::overflow;
        if ((sticky & 0x10) != 0) flags |= flag::underflow;
        if ((sticky & 0x20) != 0) flags |= flag::inexact;
        table[sticky] = static_cast<Flags>(flags);
    }
    return table;
}();

inline u32 read_mxcsr() {
    u32 value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}
inline void write_mxcsr(u32 value) { asm volatile("ldmxcsr %0" : : "m"(value)); }

// Whether the loaded rounding mode is nearest-even, by what 1 + 3/4 ulp + 1/4 ulp gives: 1 + ulp only in that mode
// (toward zero and down stay at 1, up goes on to 1 + 2 ulp). Raises inexact. Far cheaper than reading MXCSR.
inline bool rounds_to_nearest() {
    double probe = 1;
    asm volatile("addsd %1, %0\n\taddsd %2, %0" : "+x"(probe) : "x"(0x0.cp-52), "x"(0x0.4p-52));
    return std::bit_cast<u64>(probe) == std::bit_cast<u64>(1 + 0x1p-52);
}

// Runs one volatile asm statement under the rounding mode and collects its flags; volatile asm keeps its order with the
// MXCSR accesses. Writing MXCSR is slow, so it is left alone when it already rounds so and holds no flag beyond
// `flags`.
template <typename Instruction>
[[gnu::always_inline]] inline void run_rounded(Rounding rounding, Flags& flags, Instruction instruction) {
    const u32 before = read_mxcsr();
    const u32 wanted = mxcsr_for(rounding);
    const u32 known = flags_of_mxcsr[before & mxcsr_flags];
    if ((before & ~mxcsr_flags) == wanted && (known & ~u32{flags}) == 0) [[likely]] {
        instruction();
        raise(flags, flags_of_mxcsr[read_mxcsr() & mxcsr_flags]);
        return;
    }
    write_mxcsr(wanted);
    instruction();
    raise(flags, flags_of_mxcsr[read_mxcsr() & mxcsr_flags]);
    write_mxcsr(before);
}

// Runs one volatile asm statement that turns `result`, its first operand, into its result. Inlined always: otherwise
// the operands travel through memory.
template <typename F, typename Value, typename Instruction>
[[gnu::always_inline]] inline typename F::Bits compute(Rounding rounding, Flags& flags, Value& result,
                                                       Instruction instruction) {
    using Bits = typename F::Bits;
    if (rounding == Rounding::nearest_even && (flags & flag::inexact) != 0 && rounds_to_nearest()) [[likely]] {
        const Value operand = result;
        instruction();
        const Bits bits = std::bit_cast<Bits>(result);
        constexpr Bits smallest_normal = F::fraction_mask + 1;
        if (magnitude<F>(bits) - smallest_normal - 1 < F::largest_finite - smallest_normal) [[likely]]
            return bits;
        result = operand;
    }
    run_rounded(rounding, flags, instruction);
    const Bits bits = std::bit_cast<Bits>(result);
    return is_nan<F>(bits) ? F::canonical_nan : bits;
}

} // namespace detail

template <typename F> struct Host {
    static_assert(std::is_same_v<F, F32> || std::is_same_v<F, F64>);
    using Bits = typename F::Bits;
    using Value = std::conditional_t<std::is_same_v<F, F64>, double, float>;
    static constexpr bool wide = std::is_same_v<F, F64>;

    static Bits add(Bits a, Bits b, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up) [[unlikely]]
            return Soft<F>::add(a, b, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        const Value y = std::bit_cast<Value>(b);
        return detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("addsd %1, %0" : "+x"(x) : "x"(y));
            else
                asm volatile("addss %1, %0" : "+x"(x) : "x"(y));
        });
    }

    static Bits sub(Bits a, Bits b, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up) [[unlikely]]
            return Soft<F>::sub(a, b, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        const Value y = std::bit_cast<Value>(b);
        return detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("subsd %1, %0" : "+x"(x) : "x"(y));
            else
                asm volatile("subss %1, %0" : "+x"(x) : "x"(y));
        });
    }

    static Bits mul(Bits a, Bits b, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up) [[unlikely]]
            return Soft<F>::mul(a, b, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        const Value y = std::bit_cast<Value>(b);
        return detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("mulsd %1, %0" : "+x"(x) : "x"(y));
            else
                asm volatile("mulss %1, %0" : "+x"(x) : "x"(y));
        });
    }

    static Bits div(Bits a, Bits b, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up) [[unlikely]]
            return Soft<F>::div(a, b, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        const Value y = std::bit_cast<Value>(b);
        return detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("divsd %1, %0" : "+x"(x) : "x"(y));
            else
                asm volatile("divss %1, %0" : "+x"(x) : "x"(y));
        });
    }

    static Bits sqrt(Bits a, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up) [[unlikely]]
            return Soft<F>::sqrt(a, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        return detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("sqrtsd %0, %0" : "+x"(x));
            else
                asm volatile("sqrtss %0, %0" : "+x"(x));
        });
    }

    static Bits multiply_add(Bits a, Bits b, Bits c, Rounding rounding, Flags& flags) {
        if (rounding > Rounding::up || !__builtin_cpu_supports("fma")) [[unlikely]]
            return Soft<F>::multiply_add(a, b, c, rounding, flags);
        Value x = std::bit_cast<Value>(a);
        const Value y = std::bit_cast<Value>(b);
        const Value z = std::bit_cast<Value>(c);
        const Bits result = detail::compute<F>(rounding, flags, x, [&] {
            if constexpr (wide)
                asm volatile("vfmadd213sd %2, %1, %0" : "+x"(x) : "x"(y), "x"(z));
            else
                asm volatile("vfmadd213ss %2, %1, %0" : "+x"(x) : "x"(y), "x"(z));
        });
        // x86 raises nothing for infinity * 0 + quiet NaN, so a NaN's flags come from Soft.
        if (is_nan<F>(result)) [[unlikely]]
            return Soft<F>::multiply_add(a, b, c, rounding, flags);
        return result;
    }

    // Truncation needs no MXCSR; the other modes are rare, and Soft is as quick as reading MXCSR.
    template <typename Int> static Int to_integer(Bits a, Rounding rounding, Flags& flags) {
        // The conversion to i64 serves every type as long as the result is in range.
        constexpr int integer_bits = sizeof(Int) == 4 ? 31 + std::is_unsigned_v<Int> : 63;
        constexpr Bits limit = static_cast<Bits>(static_cast<Bits>(F::max_exponent + integer_bits) << F::fraction_bits);
        const bool safe = (std::is_signed_v<Int> ? magnitude<F>(a) : a) < limit;
        if (!safe || rounding != Rounding::toward_zero) [[unlikely]]
            return Soft<F>::template to_integer<Int>(a, rounding, flags);
        const Value x = std::bit_cast<Value>(a);
        i64 integer;
        if constexpr (wide)
            asm volatile("cvttsd2si %1, %0" : "=r"(integer) : "x"(x));
        else
            asm volatile("cvttss2si %1, %0" : "=r"(integer) : "x"(x));
        if (from_exact(integer) != x) raise(flags, flag::inexact); // a truncated number is always exact
        return static_cast<Int>(integer);
    }

    template <typename Int> static Bits from_integer(Int value, Rounding rounding, Flags& flags) {
        constexpr u64 exact = u64{1} << F::precision; // everything up to here is
        const bool fits =
            std::is_signed_v<Int> ? static_cast<u64>(value) + exact <= 2 * exact : static_cast<u64>(value) <= exact;
        if (!fits) return Soft<F>::template from_integer<Int>(value, rounding, flags);
        return std::bit_cast<Bits>(from_exact(static_cast<i64>(value)));
    }

    template <typename To> static typename To::Bits convert(Bits a, Rounding rounding, Flags& flags) {
        if constexpr (std::is_same_v<To, F16>) {
            return Soft<F>::template convert<To>(a, rounding, flags);
        } else {
            if (rounding > Rounding::up) [[unlikely]]
                return Soft<F>::template convert<To>(a, rounding, flags);
            if constexpr (wide) {
                return narrow(a, rounding, flags);
            } else {
                if (is_nan<F>(a)) [[unlikely]]
                    return Soft<F>::template convert<To>(a, rounding, flags);
                double result{};
                asm volatile("cvtss2sd %1, %0" : "+x"(result) : "x"(std::bit_cast<Value>(a))); // exact
                return std::bit_cast<u64>(result);
            }
        }
    }

private:
    static u32 narrow(Bits a, Rounding rounding, Flags& flags)
        requires wide
    {
        float result{};
        return detail::compute<F32>(rounding, flags, result, [&] {
            asm volatile("cvtsd2ss %1, %0" : "+x"(result) : "x"(std::bit_cast<Value>(a)));
        });
    }

    // A number that the format represents exactly.
    static Value from_exact(i64 integer) {
        Value x{}; // not undefined: the instruction keeps the register's upper part, and would wait for it
        if constexpr (wide)
            asm volatile("cvtsi2sdq %1, %0" : "+x"(x) : "r"(integer));
        else
            asm volatile("cvtsi2ssq %1, %0" : "+x"(x) : "r"(integer));
        return x;
    }
};

// Half precision has conversions only, and they are rare.
template <> struct Host<F16> : Soft<F16> {};

#else

template <typename F> struct Host : Soft<F> {};

#endif

} // namespace orrery::softfloat
