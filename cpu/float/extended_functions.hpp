// The transcendental functions of the x87 unit (SDM 1, 8.3.6 to 8.3.10), evaluated with 128 bits and rounded once to
// 64, whatever the precision control says: as good as always the nearest value. They raise inexact also where a power
// of two makes the result exact, as processors do.
#pragma once

#include "cpu/float/extended.hpp"

namespace orrery::softfloat::extended {

// What sine, cosine and tangent can be asked for: anything but finite numbers from 2^63 on. Angles are taken modulo a
// pi of 66 bits, as processors do (SDM 1, 8.3.8).
bool is_reducible(Extended a);
Extended sine(Extended a, ExtendedContext& context);
Extended cosine(Extended a, ExtendedContext& context);
std::pair<Extended, Extended> sine_and_cosine(Extended a, ExtendedContext& context);
Extended tangent(Extended a, ExtendedContext& context);
// The angle of the point (x, y).
Extended arctangent(Extended y, Extended x, ExtendedContext& context);

// 2^a - 1 for -1 <= a <= 1; others give `a`.
Extended power_of_two_less_one(Extended a, ExtendedContext& context);
// y * log2(x), and y * log2(x + 1).
Extended logarithm(Extended y, Extended x, ExtendedContext& context);
Extended logarithm_plus_one(Extended y, Extended x, ExtendedContext& context);

} // namespace orrery::softfloat::extended
