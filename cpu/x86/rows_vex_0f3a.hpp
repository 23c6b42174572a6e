// AVX, AVX2, F16C and RORX in VEX map 3, the counterpart of 0F 3A xx.
#pragma once

#include "cpu/x86/row_notation.hpp"

namespace orrery::x86::rows {

using enum Op;
using namespace operands;
using namespace row_traits;

// clang-format off
inline constexpr auto vex_0f3a = std::to_array<Row>({
    row("VEX.256.66.0F3A.W1 00 /r", vpermq, {Vqq, Wqq, Ib}, needs(Feature::avx2)),
    row("VEX.256.66.0F3A.W1 01 /r", vpermpd, {Vqq, Wqq, Ib}, needs(Feature::avx2)),
    row("VEX.66.0F3A.W0 02 /r", vpblendd, {Vx, Hx, Wx, Ib}, needs(Feature::avx2)),
    row("VEX.66.0F3A.W0 04 /r", vpermilps, {Vx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.W0 05 /r", vpermilpd, {Vx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.256.66.0F3A.W0 06 /r", vperm2f128, {Vqq, Hqq, Wqq, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 08 /r", roundps, {Vx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 09 /r", roundpd, {Vx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.LIG.66.0F3A.WIG 0A /r", roundss, {Vdq, Hdq, Wd, Ib}, needs(Feature::avx)),
    row("VEX.LIG.66.0F3A.WIG 0B /r", roundsd, {Vdq, Hdq, Wq, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 0C /r", blendps, {Vx, Hx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 0D /r", blendpd, {Vx, Hx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 0E /r", pblendw, {Vx, Hx, Wx, Ib}, avx_then_avx2),
    row("VEX.66.0F3A.WIG 0F /r", palignr, {Vx, Hx, Wx, Ib}, avx_then_avx2),
    row("VEX.128.66.0F3A.WIG 14 /r", pextrb, {Ebd, Vdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 15 /r", pextrw, {Ewd, Vdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 16 /r", pextrd, {Ey, Vdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 17 /r", extractps, {Ed, Vdq, Ib}, needs(Feature::avx)),
    row("VEX.256.66.0F3A.W0 18 /r", vinsertf128, {Vqq, Hqq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.256.66.0F3A.W0 19 /r", vextractf128, {Wdq, Vqq, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.W0 1D /r", vcvtps2ph, {Whx, Vx, Ib}, needs(Feature::f16c)),
    row("VEX.128.66.0F3A.WIG 20 /r", pinsrb, {Vdq, Hdq, Ebd, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 21 /r", insertps, {Vdq, Hdq, Wd, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 22 /r", pinsrd, {Vdq, Hdq, Ey, Ib}, needs(Feature::avx)),
    row("VEX.256.66.0F3A.W0 38 /r", vinserti128, {Vqq, Hqq, Wdq, Ib}, needs(Feature::avx2)),
    row("VEX.256.66.0F3A.W0 39 /r", vextracti128, {Wdq, Vqq, Ib}, needs(Feature::avx2)),
    row("VEX.66.0F3A.WIG 40 /r", dpps, {Vx, Hx, Wx, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 41 /r", dppd, {Vdq, Hdq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.66.0F3A.WIG 42 /r", mpsadbw, {Vx, Hx, Wx, Ib}, avx_then_avx2),
    row("VEX.128.66.0F3A.WIG 44 /r", pclmulqdq, {Vdq, Hdq, Wdq, Ib}, needs(Feature::avx) | needs(Feature::pclmul)),
    row("VEX.256.66.0F3A.W0 46 /r", vperm2i128, {Vqq, Hqq, Wqq, Ib}, needs(Feature::avx2)),
    row("VEX.66.0F3A.W0 4A /r", blendvps, {Vx, Hx, Wx, Lx}, needs(Feature::avx)),
    row("VEX.66.0F3A.W0 4B /r", blendvpd, {Vx, Hx, Wx, Lx}, needs(Feature::avx)),
    row("VEX.66.0F3A.W0 4C /r", pblendvb, {Vx, Hx, Wx, Lx}, avx_then_avx2),
    row("VEX.128.66.0F3A.WIG 60 /r", pcmpestrm, {Vdq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 61 /r", pcmpestri, {Vdq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 62 /r", pcmpistrm, {Vdq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG 63 /r", pcmpistri, {Vdq, Wdq, Ib}, needs(Feature::avx)),
    row("VEX.128.66.0F3A.WIG DF /r", aeskeygenassist, {Vdq, Wdq, Ib}, needs(Feature::avx) | needs(Feature::aes)),
    row("VEX.LZ.F2.0F3A.WIG F0 /r", rorx, {Gy, Ey, Ib}, needs(Feature::bmi2)),
});
// clang-format on

} // namespace orrery::x86::rows
