// F16C: conversions between singles and halves (SDM 1, 14.4; SDM 2, VCVTPH2PS and VCVTPS2PH), without the host's, which
// don't show an exact tiny result.
#include "cpu/float/softfloat.hpp"
#include "cpu/x86/floating_environment.hpp"
#include "cpu/x86/soft_environment.hpp"

namespace orrery::x86 {
namespace {

using softfloat::F16;
using softfloat::F32;

// With its sign, and as much of its payload as there is room for.
u16 quiet_half(u32 nan) {
    return static_cast<u16>((nan >> 16 & F16::sign_bit) | F16::canonical_nan | (nan >> 13 & F16::fraction_mask));
}
u32 quiet_single(u16 nan) {
    const u32 bits = nan;
    return (bits & F16::sign_bit) << 16 | F32::canonical_nan | (bits & F16::fraction_mask) << 13;
}

// Denormal halves are ordinary numbers here.
u32 single_of(u16 half, u32& raised) {
    if (softfloat::is_nan<F16>(half)) {
        if (softfloat::is_signaling_nan<F16>(half)) raised |= mxcsr::invalid;
        return quiet_single(half);
    }
    softfloat::Flags none = 0;
    return softfloat::Soft<F16>::convert<F32>(half, softfloat::Rounding::nearest_even, none);
}

u16 half_of(u32 single, softfloat::Rounding rounding, u32 control, bool shows_tiny, u32& raised) {
    if (softfloat::is_nan<F32>(single)) {
        if (softfloat::is_signaling_nan<F32>(single)) raised |= mxcsr::invalid;
        return quiet_half(single);
    }
    softfloat::Flags flags = 0;
    const u32 value = soft::without_denormal<F32>(single, control, raised);
    const u16 half = softfloat::Soft<F32>::convert<F16>(value, rounding, flags);
    raised |= soft::mxcsr_flags(flags);
    if (shows_tiny && softfloat::is_subnormal<F16>(half)) raised |= mxcsr::underflow;
    return half;
}

Vector to_singles(const KernelOperands& o) {
    const Lanes<u16> halves = lanes<u16>(o.b);
    Lanes<u32> result{};
    u32 raised = 0;
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = single_of(halves[i], raised);
    if (raised != 0) raise_flag(raised);
    return vector_of<u32>(result);
}

// The immediate: how to round, or as MXCSR says.
Vector to_halves(const KernelOperands& o) {
    const u32 control = read_mxcsr();
    const u32 rounding = (o.immediate & 4) != 0 ? control >> mxcsr::rounding_shift & 3 : o.immediate & 3;
    const Lanes<u32> singles = lanes<u32>(o.b);
    Lanes<u16> result{};
    u32 raised = 0;
    for (std::size_t i = 0; i < singles.size(); ++i)
        result[i] = half_of(singles[i], soft::rounding_of(rounding), control,
                            (o.immediate & shows_exact_underflow) != 0, raised);
    if (raised != 0) raise_flag(raised);
    return vector_of<u16>(result);
}

constexpr std::array table{KernelRow{Op::vcvtph2ps, to_singles}, KernelRow{Op::vcvtps2ph, to_halves}};

} // namespace

std::span<const KernelRow> floating_halves() { return table; }

} // namespace orrery::x86
