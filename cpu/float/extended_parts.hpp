// What the operations on the 80-bit format share: finite numbers taken apart, operands that decide the result alone,
// and the one rounding. For extended*.cpp.
#pragma once

#include "cpu/float/extended.hpp"
#include "cpu/float/significand.hpp"

namespace orrery::softfloat::extended {

// A finite number that isn't zero: (-1)^sign * significand * 2^(exponent - bias - 63), the leading bit set.
struct Parts {
    bool sign = false;
    int exponent = 0;
    u64 significand = 0;
};
// Zero has significand 0.
Parts unpack(Extended a);

// The biased exponent is that of bit 127, which leads. The significand may be sticky in bit 0, and is not zero.
struct Unrounded {
    bool sign = false;
    int exponent = 0;
    u128 significand = 0;
};
// Makes bit 127 lead.
Unrounded normalise(Unrounded x);
// SDM 1, 4.9.1.4 to 4.9.1.6 and 8.5.4 to 8.5.6.
Extended round_pack(const Unrounded& exact, ExtendedContext& context, int precision);

inline Extended invalid(ExtendedContext& context) {
    context.raise(x87_flag::invalid);
    return indefinite;
}
// The result where an operand is a NaN or unsupported (SDM 1, table 4-7); the second may be the same as the first.
std::optional<Extended> nan_result(Extended a, Extended b, ExtendedContext& context);

inline bool is_denormal(Extended a) { return a.exponent() == 0 && a.significand != 0; }
inline bool is_infinity(Extended a) {
    return a.exponent() == Extended::largest_exponent && a.significand == u64{1} << 63;
}
inline bool is_zero(Extended a) { return a.exponent() == 0 && a.significand == 0; }
void note_denormals(Extended a, Extended b, ExtendedContext& context);

} // namespace orrery::softfloat::extended
