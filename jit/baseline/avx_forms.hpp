// Scalar AVX, FMA3 and F16C: three operands, and the upper elements come from the first source. All clear bits 128 and
// up.
#pragma once

#include "jit/baseline/sse_forms.hpp"

namespace orrery::x64 {

// Low digit of the opcode of the scalar forms. The "n" ones negate the product.
enum class FmaOp : u8 { madd = 9, msub = 0xb, nmadd = 0xd, nmsub = 0xf };

// Which operands are multiplied, and which is added: 132 is to = to * b + a, 213 is to = a * to + b, 231 is to = a * b
// + to.
enum class FmaOrder : u8 { order_132 = 9, order_213 = 0xa, order_231 = 0xb };

class AvxForms : public SseForms {
public:
    using SseForms::SseForms;

    void vmovaps(Xmm to, const XmmOrMemory auto& from) { avx(map_0f(0x28), to, 0, from); }
    void vmovaps(const Mem& to, Xmm from) { avx(map_0f(0x29), from, 0, to); }
    void vmovups(Xmm to, const XmmOrMemory auto& from) { avx(map_0f(0x10), to, 0, from); }
    void vmovups(const Mem& to, Xmm from) { avx(map_0f(0x11), from, 0, to); }
    void vmovdqa(Xmm to, const XmmOrMemory auto& from) { avx(map_0f(0x6f, 0x66), to, 0, from); }
    void vmovdqa(const Mem& to, Xmm from) { avx(map_0f(0x7f, 0x66), from, 0, to); }
    void vmovdqu(Xmm to, const XmmOrMemory auto& from) { avx(map_0f(0x6f, 0xf3), to, 0, from); }
    void vmovdqu(const Mem& to, Xmm from) { avx(map_0f(0x7f, 0xf3), from, 0, to); }
    void vmovd(Xmm to, const GprOrMemory auto& from) {
        vex_instruction(map_0f(0x6e, 0x66), false, number(to), 0, operand(from));
    }
    void vmovd(const GprOrMemory auto& to, Xmm from) {
        vex_instruction(map_0f(0x7e, 0x66), false, number(from), 0, operand(to));
    }
    void vmovq(Xmm to, Gpr from) { vex_instruction(map_0f(0x6e, 0x66), true, number(to), 0, number(from)); }
    void vmovq(Gpr to, Xmm from) { vex_instruction(map_0f(0x7e, 0x66), true, number(from), 0, number(to)); }
    void vmovq(Xmm to, const XmmOrMemory auto& from) { avx(map_0f(0x7e, 0xf3), to, 0, from); }
    void vmovq(const Mem& to, Xmm from) { avx(map_0f(0xd6, 0x66), from, 0, to); }

    // The low element from `low`, the rest from `rest`.
    void vmov_scalar(Float type, Xmm to, Xmm rest, Xmm low) {
        avx(map_0f(0x10, scalar_prefix(type)), to, number(rest), low);
    }
    void vmov_scalar(Float type, Xmm to, const Mem& from) { avx(map_0f(0x10, scalar_prefix(type)), to, 0, from); }
    void vmov_scalar(Float type, const Mem& to, Xmm from) { avx(map_0f(0x11, scalar_prefix(type)), from, 0, to); }
    void vmovss(Xmm to, Xmm rest, Xmm low) { vmov_scalar(Float::f32, to, rest, low); }
    void vmovsd(Xmm to, Xmm rest, Xmm low) { vmov_scalar(Float::f64, to, rest, low); }
    void vmovss(Xmm to, const Mem& from) { vmov_scalar(Float::f32, to, from); }
    void vmovsd(Xmm to, const Mem& from) { vmov_scalar(Float::f64, to, from); }
    void vmovss(const Mem& to, Xmm from) { vmov_scalar(Float::f32, to, from); }
    void vmovsd(const Mem& to, Xmm from) { vmov_scalar(Float::f64, to, from); }

    void vscalar(FloatOp op, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        avx(map_0f(static_cast<u32>(op), scalar_prefix(type)), to, number(a), b);
    }
    void vaddss(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::add, Float::f32, to, a, b); }
    void vaddsd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::add, Float::f64, to, a, b); }
    void vsubss(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::sub, Float::f32, to, a, b); }
    void vsubsd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::sub, Float::f64, to, a, b); }
    void vmulss(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::mul, Float::f32, to, a, b); }
    void vmulsd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::mul, Float::f64, to, a, b); }
    void vdivss(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::div, Float::f32, to, a, b); }
    void vdivsd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vscalar(FloatOp::div, Float::f64, to, a, b); }
    void vsqrtss(Xmm to, Xmm rest, const XmmOrMemory auto& b) { vscalar(FloatOp::sqrt, Float::f32, to, rest, b); }
    void vsqrtsd(Xmm to, Xmm rest, const XmmOrMemory auto& b) { vscalar(FloatOp::sqrt, Float::f64, to, rest, b); }

    // andn inverts `a`.
    void vlogic(FloatLogic op, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        avx(map_0f(static_cast<u32>(op), packed_prefix(type)), to, number(a), b);
    }
    void vandps(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::and_, Float::f32, to, a, b); }
    void vandpd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::and_, Float::f64, to, a, b); }
    void vandnps(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::andn, Float::f32, to, a, b); }
    void vandnpd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::andn, Float::f64, to, a, b); }
    void vorps(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::or_, Float::f32, to, a, b); }
    void vorpd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::or_, Float::f64, to, a, b); }
    void vxorps(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::xor_, Float::f32, to, a, b); }
    void vxorpd(Xmm to, Xmm a, const XmmOrMemory auto& b) { vlogic(FloatLogic::xor_, Float::f64, to, a, b); }

    void fma(FmaOp op, FmaOrder order, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        const u32 code = static_cast<u32>(order) << 4 | static_cast<u32>(op);
        vex_instruction(map_0f38(code, 0x66), type == Float::f64, number(to), number(a), operand(b));
    }
    void vfmadd(FmaOrder order, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        fma(FmaOp::madd, order, type, to, a, b);
    }
    void vfmsub(FmaOrder order, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        fma(FmaOp::msub, order, type, to, a, b);
    }
    void vfnmadd(FmaOrder order, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        fma(FmaOp::nmadd, order, type, to, a, b);
    }
    void vfnmsub(FmaOrder order, Float type, Xmm to, Xmm a, const XmmOrMemory auto& b) {
        fma(FmaOp::nmsub, order, type, to, a, b);
    }

    // The same by its opcode (SDM 2D, table A-4).
    void fma(u8 opcode, bool wide, Xmm to, Xmm a, Xmm b) {
        vex_instruction(map_0f38(opcode, 0x66), wide, number(to), number(a), number(b));
    }

    // Four half-precision numbers from the low 64 bits, and back. `rounding` as for roundss.
    void vcvtph2ps(Xmm to, const XmmOrMemory auto& from) { avx(map_0f38(0x13, 0x66), to, 0, from); }
    void vcvtps2ph(const XmmOrMemory auto& to, Xmm from, Rounding rounding) {
        avx(map_0f3a(0x1d, 0x66), from, 0, to, {static_cast<i32>(rounding), 1});
    }

private:
    void avx(Opcode opcode, Xmm reg, u32 vvvv, const XmmOrMemory auto& rm, Immediate immediate = {}) {
        vex_instruction(opcode, false, number(reg), vvvv, operand(rm), immediate);
    }
};

} // namespace orrery::x64
