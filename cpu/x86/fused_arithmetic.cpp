// FMA (SDM 1, 14.5; SDM 2 by instruction): products and sums rounded once, by the host's own instructions where it has
// them. `a` is the destination's old value, `b` the second operand and `c` the third; the digits of a name say which
// are multiplied and which one is added.
#include "cpu/float/softfloat.hpp"
#include "cpu/x86/floating_environment.hpp"
#include "cpu/x86/soft_environment.hpp"

namespace orrery::x86 {
namespace {

using softfloat::F32;
using softfloat::F64;

// ---- in portable C++

// What is negated before the sum, in even and in odd lanes.
struct Signs {
    bool product = false, even = false, odd = false;
};
constexpr Signs vfmadd{}, vfmsub{.even = true, .odd = true}, vfnmadd{.product = true},
    vfnmsub{.product = true, .even = true, .odd = true}, vfmaddsub{.even = true}, vfmsubadd{.odd = true};

// Tiny results become zero where MXCSR says so.
template <typename F> typename F::Bits flushed(typename F::Bits result, u32 control, u32& raised) {
    const bool tiny = softfloat::is_subnormal<F>(result) || (raised & mxcsr::underflow) != 0;
    if (!tiny || (control & mxcsr::flush_to_zero) == 0) return result;
    raised |= mxcsr::underflow | mxcsr::precision;
    return result & F::sign_bit;
}

// The first NaN of the three remains (SDM 1, table 14-17).
template <typename F>
typename F::Bits fused(typename F::Bits x, typename F::Bits y, typename F::Bits z, bool negate_product, bool negate_sum,
                       u32 control, u32& all_raised) {
    using Bits = typename F::Bits;
    bool any_nan = false;
    Bits nan = 0;
    for (const Bits each : {z, y, x}) {
        if (!softfloat::is_nan<F>(each)) continue;
        any_nan = true;
        nan = each | F::quiet_bit;
        if (softfloat::is_signaling_nan<F>(each)) all_raised |= mxcsr::invalid;
    }
    if (any_nan) return nan;
    u32 raised = 0;
    for (Bits* each : {&x, &y, &z}) *each = soft::without_denormal<F>(*each, control, raised);
    softfloat::Flags flags = 0;
    if (negate_product) x = softfloat::negate<F>(x);
    if (negate_sum) z = softfloat::negate<F>(z);
    const auto rounding = soft::rounding_of((control & mxcsr::rounding) >> mxcsr::rounding_shift);
    const Bits result = softfloat::Soft<F>::multiply_add(x, y, z, rounding, flags);
    if (softfloat::is_nan<F>(result)) {
        all_raised |= mxcsr::invalid;
        return F::canonical_nan | F::sign_bit;
    }
    raised |= soft::mxcsr_flags(flags);
    const Bits kept = flushed<F>(result, control, raised);
    all_raised |= raised;
    return kept;
}

template <typename F, int order, const Signs& signs, bool scalar> Vector portable(const KernelOperands& o) {
    using Bits = typename F::Bits;
    const u32 control = read_mxcsr();
    const Lanes<Bits> a = lanes<Bits>(o.a), b = lanes<Bits>(o.b), c = lanes<Bits>(o.c);
    const auto& x = order == 132 ? a : b;
    const auto& y = order == 213 ? a : c;
    const auto& z = order == 132 ? b : order == 213 ? c : a;
    Lanes<Bits> result = a;
    u32 raised = 0;
    for (std::size_t i = 0; i < (scalar ? 1 : result.size()); ++i) {
        const bool negate_sum = i % 2 == 0 ? signs.even : signs.odd;
        result[i] = fused<F>(x[i], y[i], z[i], signs.product, negate_sum, control, raised);
    }
    if (raised != 0) raise_flag(raised);
    return vector_of<Bits>(result);
}

// ---- all of them: kind, order, and the formats

#define ORDERS(row, kind) row(kind, 132) row(kind, 213) row(kind, 231)
#define WITH_SCALARS(row) ORDERS(row, vfmadd) ORDERS(row, vfmsub) ORDERS(row, vfnmadd) ORDERS(row, vfnmsub)
#define WITHOUT_SCALARS(row) ORDERS(row, vfmaddsub) ORDERS(row, vfmsubadd)

constexpr auto portable_table = std::to_array<KernelRow>({
#define PACKED(kind, order)                                                                                            \
    {Op::kind##order##ps, portable<F32, order, kind, false>}, {Op::kind##order##pd, portable<F64, order, kind, false>},
#define SCALAR(kind, order)                                                                                            \
    {Op::kind##order##ss, portable<F32, order, kind, true>}, {Op::kind##order##sd, portable<F64, order, kind, true>},
    WITH_SCALARS(PACKED) WITHOUT_SCALARS(PACKED) WITH_SCALARS(SCALAR)
#undef PACKED
#undef SCALAR
});

// ---- the host's

#if defined(__x86_64__)
#define INSTRUCTION(name)                                                                                              \
    Vector host_##name(const KernelOperands& o) {                                                                      \
        auto result = std::bit_cast<HostVector>(o.a);                                                                  \
        asm volatile(#name " %2, %1, %0"                                                                               \
                     : "+x"(result)                                                                                    \
                     : "x"(std::bit_cast<HostVector>(o.b)), "x"(std::bit_cast<HostVector>(o.c)));                      \
        return std::bit_cast<Vector>(result);                                                                          \
    }
#define PACKED(kind, order) INSTRUCTION(kind##order##ps) INSTRUCTION(kind##order##pd)
#define SCALAR(kind, order) INSTRUCTION(kind##order##ss) INSTRUCTION(kind##order##sd)
WITH_SCALARS(PACKED)
WITHOUT_SCALARS(PACKED)
WITH_SCALARS(SCALAR)
#undef PACKED
#undef SCALAR
#undef INSTRUCTION

constexpr auto host_table = std::to_array<KernelRow>({
#define PACKED(kind, order)                                                                                            \
    {Op::kind##order##ps, host_##kind##order##ps}, {Op::kind##order##pd, host_##kind##order##pd},
#define SCALAR(kind, order)                                                                                            \
    {Op::kind##order##ss, host_##kind##order##ss}, {Op::kind##order##sd, host_##kind##order##sd},
    WITH_SCALARS(PACKED) WITHOUT_SCALARS(PACKED) WITH_SCALARS(SCALAR)
#undef PACKED
#undef SCALAR
});
#endif

} // namespace

std::span<const KernelRow> portable_fused_arithmetic() { return portable_table; }
std::span<const KernelRow> fused_arithmetic() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("fma")) return host_table;
#endif
    return portable_table;
}

} // namespace orrery::x86
