// SSE2 and SSE4.1 instructions in their legacy encoding: two operands, the upper elements of the destination are kept.
#pragma once

#include <optional>

#include "jit/baseline/atomic_forms.hpp"

namespace orrery::x64 {

// The scalar arithmetic operations, by opcode.
enum class FloatOp : u8 { sqrt = 0x51, add = 0x58, mul, sub = 0x5c, min, div, max };

// The bitwise ones on a whole register.
enum class FloatLogic : u8 { and_ = 0x54, andn, or_, xor_ };

// The immediate of roundss and roundsd (SDM 2B, figure 4-24).
enum class Rounding : u8 { nearest, down, up, zero, mxcsr };

class SseForms : public AtomicForms {
public:
    using AtomicForms::AtomicForms;

    // Between register files; a load from memory clears the rest of the register.
    void movd(Xmm to, const GprOrMemory auto& from) {
        instruction(map_0f(0x6e, 0x66), Size::dword, number(to), operand(from));
    }
    void movd(const GprOrMemory auto& to, Xmm from) {
        instruction(map_0f(0x7e, 0x66), Size::dword, number(from), operand(to));
    }
    void movq(Xmm to, Gpr from) { instruction(map_0f(0x6e, 0x66), Size::qword, number(to), number(from)); }
    void movq(Gpr to, Xmm from) { instruction(map_0f(0x7e, 0x66), Size::qword, number(from), number(to)); }
    void movq(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x7e, 0xf3), to, from); }
    void movq(const Mem& to, Xmm from) { sse(map_0f(0xd6, 0x66), from, to); }

    // Scalar moves: between registers they keep the rest of the destination.
    void mov_scalar(Float type, Xmm to, const XmmOrMemory auto& from) {
        sse(map_0f(0x10, scalar_prefix(type)), to, from);
    }
    void mov_scalar(Float type, const Mem& to, Xmm from) { sse(map_0f(0x11, scalar_prefix(type)), from, to); }
    void movss(Xmm to, const XmmOrMemory auto& from) { mov_scalar(Float::f32, to, from); }
    void movsd(Xmm to, const XmmOrMemory auto& from) { mov_scalar(Float::f64, to, from); }
    void movss(const Mem& to, Xmm from) { mov_scalar(Float::f32, to, from); }
    void movsd(const Mem& to, Xmm from) { mov_scalar(Float::f64, to, from); }

    // Whole registers; movaps and movdqa fault unless the address is a multiple of 16.
    void movaps(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x28), to, from); }
    void movaps(const Mem& to, Xmm from) { sse(map_0f(0x29), from, to); }
    void movups(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x10), to, from); }
    void movups(const Mem& to, Xmm from) { sse(map_0f(0x11), from, to); }
    void movdqa(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x6f, 0x66), to, from); }
    void movdqa(const Mem& to, Xmm from) { sse(map_0f(0x7f, 0x66), from, to); }
    void movdqu(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x6f, 0xf3), to, from); }
    void movdqu(const Mem& to, Xmm from) { sse(map_0f(0x7f, 0xf3), from, to); }

    void scalar(FloatOp op, Float type, Xmm to, const XmmOrMemory auto& from) {
        sse(map_0f(static_cast<u32>(op), scalar_prefix(type)), to, from);
    }
    void addss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::add, Float::f32, to, from); }
    void addsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::add, Float::f64, to, from); }
    void subss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::sub, Float::f32, to, from); }
    void subsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::sub, Float::f64, to, from); }
    void mulss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::mul, Float::f32, to, from); }
    void mulsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::mul, Float::f64, to, from); }
    void divss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::div, Float::f32, to, from); }
    void divsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::div, Float::f64, to, from); }
    void sqrtss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::sqrt, Float::f32, to, from); }
    void sqrtsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::sqrt, Float::f64, to, from); }
    void minss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::min, Float::f32, to, from); }
    void minsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::min, Float::f64, to, from); }
    void maxss(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::max, Float::f32, to, from); }
    void maxsd(Xmm to, const XmmOrMemory auto& from) { scalar(FloatOp::max, Float::f64, to, from); }

    void logic(FloatLogic op, Float type, Xmm to, const XmmOrMemory auto& from) {
        sse(map_0f(static_cast<u32>(op), packed_prefix(type)), to, from);
    }
    void andps(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::and_, Float::f32, to, from); }
    void andpd(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::and_, Float::f64, to, from); }
    void andnps(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::andn, Float::f32, to, from); }
    void andnpd(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::andn, Float::f64, to, from); }
    void orps(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::or_, Float::f32, to, from); }
    void orpd(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::or_, Float::f64, to, from); }
    void xorps(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::xor_, Float::f32, to, from); }
    void xorpd(Xmm to, const XmmOrMemory auto& from) { logic(FloatLogic::xor_, Float::f64, to, from); }
    void pand(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0xdb, 0x66), to, from); }
    void pandn(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0xdf, 0x66), to, from); }
    void por(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0xeb, 0x66), to, from); }
    void pxor(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0xef, 0x66), to, from); }

    // Into zf, pf and cf. ucomis raises the invalid flag for signalling NaNs only, comis for every NaN.
    void ucomis(Float type, Xmm a, const XmmOrMemory auto& b) { sse(map_0f(0x2e, packed_prefix(type)), a, b); }
    void comis(Float type, Xmm a, const XmmOrMemory auto& b) { sse(map_0f(0x2f, packed_prefix(type)), a, b); }
    void ucomiss(Xmm a, const XmmOrMemory auto& b) { ucomis(Float::f32, a, b); }
    void ucomisd(Xmm a, const XmmOrMemory auto& b) { ucomis(Float::f64, a, b); }
    void comiss(Xmm a, const XmmOrMemory auto& b) { comis(Float::f32, a, b); }
    void comisd(Xmm a, const XmmOrMemory auto& b) { comis(Float::f64, a, b); }

    // Between integers (dword, qword) and floating point; `cvtt` truncates, `cvt` rounds as MXCSR says.
    void cvtsi2s(Float type, Xmm to, Size size, const GprOrMemory auto& from) {
        instruction(map_0f(0x2a, scalar_prefix(type)), size, number(to), operand(from));
    }
    void cvts2si(Float type, Size size, Gpr to, const XmmOrMemory auto& from) {
        instruction(map_0f(0x2d, scalar_prefix(type)), size, number(to), operand(from));
    }
    void cvtts2si(Float type, Size size, Gpr to, const XmmOrMemory auto& from) {
        instruction(map_0f(0x2c, scalar_prefix(type)), size, number(to), operand(from));
    }
    void cvtsi2ss(Xmm to, Size size, const GprOrMemory auto& from) { cvtsi2s(Float::f32, to, size, from); }
    void cvtsi2sd(Xmm to, Size size, const GprOrMemory auto& from) { cvtsi2s(Float::f64, to, size, from); }
    void cvtss2si(Size size, Gpr to, const XmmOrMemory auto& from) { cvts2si(Float::f32, size, to, from); }
    void cvtsd2si(Size size, Gpr to, const XmmOrMemory auto& from) { cvts2si(Float::f64, size, to, from); }
    void cvttss2si(Size size, Gpr to, const XmmOrMemory auto& from) { cvtts2si(Float::f32, size, to, from); }
    void cvttsd2si(Size size, Gpr to, const XmmOrMemory auto& from) { cvtts2si(Float::f64, size, to, from); }
    void cvtss2sd(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x5a, 0xf3), to, from); }
    void cvtsd2ss(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x5a, 0xf2), to, from); }

    // SSE4.1. `inexact` false keeps the precision flag clear.
    void round_scalar(Float type, Xmm to, const XmmOrMemory auto& from, Rounding rounding, bool inexact = true) {
        const u32 code = type == Float::f32 ? 0x0a : 0x0b;
        sse(map_0f3a(code, 0x66), to, from, {static_cast<i32>(rounding) | (inexact ? 0 : 8), 1});
    }
    void roundss(Xmm to, const XmmOrMemory auto& from, Rounding rounding, bool inexact = true) {
        round_scalar(Float::f32, to, from, rounding, inexact);
    }
    void roundsd(Xmm to, const XmmOrMemory auto& from, Rounding rounding, bool inexact = true) {
        round_scalar(Float::f64, to, from, rounding, inexact);
    }

    void shufps(Xmm to, const XmmOrMemory auto& from, u8 order) { sse(map_0f(0xc6), to, from, {order, 1}); }
    void pshufd(Xmm to, const XmmOrMemory auto& from, u8 order) { sse(map_0f(0x70, 0x66), to, from, {order, 1}); }
    void unpcklps(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x14), to, from); }
    void unpcklpd(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x14, 0x66), to, from); }
    void punpcklbw(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x60, 0x66), to, from); }
    void punpcklwd(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x61, 0x66), to, from); }
    void punpckldq(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x62, 0x66), to, from); }
    void punpcklqdq(Xmm to, const XmmOrMemory auto& from) { sse(map_0f(0x6c, 0x66), to, from); }

    // Eight bytes into the upper half.
    void movhps(Xmm to, const Mem& from) { sse(map_0f(0x16), to, from); }
    // Any instruction of map 0F, by its mandatory prefix and opcode, with an immediate byte or without. `size` dword
    // unless REX.W is to be there.
    void vector(u8 prefix, u8 opcode, Size size, Xmm to, const XmmOrMemory auto& from,
                std::optional<u8> immediate = {}) {
        instruction(map_0f(opcode, prefix), size, number(to), operand(from), byte(immediate));
    }
    void vector(u8 prefix, u8 opcode, Size size, Gpr to, Xmm from, std::optional<u8> immediate = {}) {
        instruction(map_0f(opcode, prefix), size, number(to), number(from), byte(immediate));
    }

    void ldmxcsr(const Mem& from) { instruction(map_0f(0xae), Size::dword, 2, from); }
    void stmxcsr(const Mem& to) { instruction(map_0f(0xae), Size::dword, 3, to); }

protected:
    static constexpr u8 scalar_prefix(Float type) { return type == Float::f32 ? 0xf3 : 0xf2; }
    static constexpr u8 packed_prefix(Float type) { return type == Float::f32 ? 0 : 0x66; }

private:
    static constexpr Immediate byte(std::optional<u8> value) {
        return value ? Immediate{static_cast<i32>(*value), 1} : Immediate{};
    }
    void sse(Opcode opcode, Xmm reg, const XmmOrMemory auto& rm, Immediate immediate = {}) {
        instruction(opcode, Size::dword, number(reg), operand(rm), immediate);
    }
};

} // namespace orrery::x64
