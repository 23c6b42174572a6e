// Opcodes 0F 3A xx (SDM 2D, table A-5).
#pragma once

#include "cpu/x86/row_notation.hpp"

namespace orrery::x86::rows {

using enum Op;
using namespace operands;
using namespace row_traits;

// clang-format off
inline constexpr auto map_0f3a = std::to_array<Row>({
    row("NP 0F 3A 0F /r", palignr, {Pq, Qq, Ib}, needs(Feature::ssse3)),
    row("66 0F 3A 0F /r", palignr, {Vx, Wx, Ib}, needs(Feature::ssse3)),
    row("66 0F 3A 08 /r", roundps, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 09 /r", roundpd, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 0A /r", roundss, {Vd, Wd, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 0B /r", roundsd, {Vq, Wq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 0C /r", blendps, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 0D /r", blendpd, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 0E /r", pblendw, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 14 /r", pextrb, {Ebd, Vdq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 15 /r", pextrw, {Ewd, Vdq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 16 /r", pextrd, {Ey, Vdq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 17 /r", extractps, {Ed, Vdq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 20 /r", pinsrb, {Vdq, Ebd, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 21 /r", insertps, {Vdq, Wd, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 22 /r", pinsrd, {Vdq, Ey, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 40 /r", dpps, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 41 /r", dppd, {Vdq, Wdq, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 42 /r", mpsadbw, {Vx, Wx, Ib}, needs(Feature::sse41)),
    row("66 0F 3A 44 /r", pclmulqdq, {Vdq, Wdq, Ib}, needs(Feature::pclmul)),
    row("66 0F 3A 60 /r", pcmpestrm, {Vdq, Wdq, Ib}, needs(Feature::sse42)),
    row("66 0F 3A 61 /r", pcmpestri, {Vdq, Wdq, Ib}, needs(Feature::sse42)),
    row("66 0F 3A 62 /r", pcmpistrm, {Vdq, Wdq, Ib}, needs(Feature::sse42)),
    row("66 0F 3A 63 /r", pcmpistri, {Vdq, Wdq, Ib}, needs(Feature::sse42)),
    row("66 0F 3A DF /r", aeskeygenassist, {Vdq, Wdq, Ib}, needs(Feature::aes)),
});
// clang-format on

} // namespace orrery::x86::rows
