// FMA in VEX map 2. The digits of a name say which operands are multiplied and which one is added.
#pragma once

#include "cpu/x86/row_notation.hpp"

namespace orrery::x86::rows {

using enum Op;
using namespace operands;
using namespace row_traits;

// clang-format off
inline constexpr auto fma = std::to_array<Row>({
    row("VEX.66.0F38.W0 96 /r", vfmaddsub132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 96 /r", vfmaddsub132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 97 /r", vfmsubadd132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 97 /r", vfmsubadd132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 98 /r", vfmadd132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 98 /r", vfmadd132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 99 /r", vfmadd132ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 99 /r", vfmadd132sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 9A /r", vfmsub132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 9A /r", vfmsub132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 9B /r", vfmsub132ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 9B /r", vfmsub132sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 9C /r", vfnmadd132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 9C /r", vfnmadd132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 9D /r", vfnmadd132ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 9D /r", vfnmadd132sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 9E /r", vfnmsub132ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 9E /r", vfnmsub132pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 9F /r", vfnmsub132ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 9F /r", vfnmsub132sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 A6 /r", vfmaddsub213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 A6 /r", vfmaddsub213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 A7 /r", vfmsubadd213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 A7 /r", vfmsubadd213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 A8 /r", vfmadd213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 A8 /r", vfmadd213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 A9 /r", vfmadd213ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 A9 /r", vfmadd213sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 AA /r", vfmsub213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 AA /r", vfmsub213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 AB /r", vfmsub213ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 AB /r", vfmsub213sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 AC /r", vfnmadd213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 AC /r", vfnmadd213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 AD /r", vfnmadd213ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 AD /r", vfnmadd213sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 AE /r", vfnmsub213ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 AE /r", vfnmsub213pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 AF /r", vfnmsub213ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 AF /r", vfnmsub213sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 B6 /r", vfmaddsub231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 B6 /r", vfmaddsub231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 B7 /r", vfmsubadd231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 B7 /r", vfmsubadd231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 B8 /r", vfmadd231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 B8 /r", vfmadd231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 B9 /r", vfmadd231ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 B9 /r", vfmadd231sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 BA /r", vfmsub231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 BA /r", vfmsub231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 BB /r", vfmsub231ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 BB /r", vfmsub231sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 BC /r", vfnmadd231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 BC /r", vfnmadd231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 BD /r", vfnmadd231ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 BD /r", vfnmadd231sd, {Vq, Hq, Wq}, needs(Feature::fma)),
    row("VEX.66.0F38.W0 BE /r", vfnmsub231ps, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.66.0F38.W1 BE /r", vfnmsub231pd, {Vx, Hx, Wx}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W0 BF /r", vfnmsub231ss, {Vd, Hd, Wd}, needs(Feature::fma)),
    row("VEX.LIG.66.0F38.W1 BF /r", vfnmsub231sd, {Vq, Hq, Wq}, needs(Feature::fma)),
});
// clang-format on

} // namespace orrery::x86::rows
