// Shifts, single bits, bit counts, byte order, and the VEX-encoded ones of BMI1 and BMI2. No byte forms, save for the
// shifts.
#pragma once

#include "jit/baseline/integer_forms.hpp"

namespace orrery::x64 {

// SDM 2D, table A-6, group 2.
enum class Shift : u8 { rol, ror, rcl, rcr, shl, shr, sar = 7 };

// Group 8.
enum class BitOp : u8 { bt = 4, bts, btr, btc };

// Group 17.
enum class LowestBit : u8 { blsr = 1, blsmsk, blsi };

class BitForms : public IntegerForms {
public:
    using IntegerForms::IntegerForms;

    // The hardware takes the count modulo 32, or 64 for a qword.
    void shift(Shift op, Size size, const GprOrMemory auto& rm, u8 count) {
        if (count == 1)
            return instruction(primary(sized(0xd0, size)), size, static_cast<u32>(op), operand(rm), {},
                               needs_rex(size, rm));
        instruction(primary(sized(0xc0, size)), size, static_cast<u32>(op), operand(rm), {count, 1},
                    needs_rex(size, rm));
    }
    void shift_cl(Shift op, Size size, const GprOrMemory auto& rm) {
        instruction(primary(sized(0xd2, size)), size, static_cast<u32>(op), operand(rm), {}, needs_rex(size, rm));
    }
    void shl(Size size, const GprOrMemory auto& rm, u8 count) { shift(Shift::shl, size, rm, count); }
    void shr(Size size, const GprOrMemory auto& rm, u8 count) { shift(Shift::shr, size, rm, count); }
    void sar(Size size, const GprOrMemory auto& rm, u8 count) { shift(Shift::sar, size, rm, count); }
    void rol(Size size, const GprOrMemory auto& rm, u8 count) { shift(Shift::rol, size, rm, count); }
    void ror(Size size, const GprOrMemory auto& rm, u8 count) { shift(Shift::ror, size, rm, count); }
    void shl_cl(Size size, const GprOrMemory auto& rm) { shift_cl(Shift::shl, size, rm); }
    void shr_cl(Size size, const GprOrMemory auto& rm) { shift_cl(Shift::shr, size, rm); }
    void sar_cl(Size size, const GprOrMemory auto& rm) { shift_cl(Shift::sar, size, rm); }
    void rol_cl(Size size, const GprOrMemory auto& rm) { shift_cl(Shift::rol, size, rm); }
    void ror_cl(Size size, const GprOrMemory auto& rm) { shift_cl(Shift::ror, size, rm); }

    // Shifts `to`, filling up from `from`.
    void shld(Size size, const GprOrMemory auto& to, Gpr from, u8 count) {
        instruction(map_0f(0xa4), size, number(from), operand(to), {count, 1});
    }
    void shrd(Size size, const GprOrMemory auto& to, Gpr from, u8 count) {
        instruction(map_0f(0xac), size, number(from), operand(to), {count, 1});
    }
    void shld_cl(Size size, const GprOrMemory auto& to, Gpr from) {
        instruction(map_0f(0xa5), size, number(from), operand(to));
    }
    void shrd_cl(Size size, const GprOrMemory auto& to, Gpr from) {
        instruction(map_0f(0xad), size, number(from), operand(to));
    }

    // Beware: with memory and a register, the bit number reaches beyond the operand (SDM 2A, BT).
    void bit(BitOp op, Size size, const GprOrMemory auto& rm, Gpr bit_number) {
        instruction(map_0f(0x83 | static_cast<u32>(op) << 3), size, number(bit_number), operand(rm));
    }
    void bit(BitOp op, Size size, const GprOrMemory auto& rm, u8 bit_number) {
        instruction(map_0f(0xba), size, static_cast<u32>(op), operand(rm), {bit_number, 1});
    }
    void bt(Size size, const GprOrMemory auto& rm, Gpr bit_number) { bit(BitOp::bt, size, rm, bit_number); }
    void bts(Size size, const GprOrMemory auto& rm, Gpr bit_number) { bit(BitOp::bts, size, rm, bit_number); }
    void btr(Size size, const GprOrMemory auto& rm, Gpr bit_number) { bit(BitOp::btr, size, rm, bit_number); }
    void btc(Size size, const GprOrMemory auto& rm, Gpr bit_number) { bit(BitOp::btc, size, rm, bit_number); }
    void bt(Size size, const GprOrMemory auto& rm, u8 bit_number) { bit(BitOp::bt, size, rm, bit_number); }
    void bts(Size size, const GprOrMemory auto& rm, u8 bit_number) { bit(BitOp::bts, size, rm, bit_number); }
    void btr(Size size, const GprOrMemory auto& rm, u8 bit_number) { bit(BitOp::btr, size, rm, bit_number); }
    void btc(Size size, const GprOrMemory auto& rm, u8 bit_number) { bit(BitOp::btc, size, rm, bit_number); }

    // bsf and bsr leave `to` undefined and set zf if `from` is zero.
    void bsf(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xbc), size, number(to), operand(from));
    }
    void bsr(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xbd), size, number(to), operand(from));
    }
    void popcnt(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xb8, 0xf3), size, number(to), operand(from));
    }
    void tzcnt(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xbc, 0xf3), size, number(to), operand(from));
    }
    void lzcnt(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xbd, 0xf3), size, number(to), operand(from));
    }

    // Only dword and qword; a word is rotated by 8 instead.
    void bswap(Size size, Gpr reg) { short_instruction(map_0f(0xc8), size, number(reg)); }
    void movbe(Size size, Gpr to, const Mem& from) { instruction(map_0f38(0xf0), size, number(to), from); }
    void movbe(Size size, const Mem& to, Gpr from) { instruction(map_0f38(0xf1), size, number(from), to); }

    // VEX-encoded: dword and qword only. Flags are kept by rorx, mulx, shlx, shrx, sarx, pdep and pext.
    void andn(Size size, Gpr to, Gpr inverted, const GprOrMemory auto& from) {
        three(map_0f38(0xf2), size, number(to), number(inverted), from);
    }
    void lowest_bit(LowestBit op, Size size, Gpr to, const GprOrMemory auto& from) {
        three(map_0f38(0xf3), size, static_cast<u32>(op), number(to), from);
    }
    void blsr(Size size, Gpr to, const GprOrMemory auto& from) { lowest_bit(LowestBit::blsr, size, to, from); }
    void blsmsk(Size size, Gpr to, const GprOrMemory auto& from) { lowest_bit(LowestBit::blsmsk, size, to, from); }
    void blsi(Size size, Gpr to, const GprOrMemory auto& from) { lowest_bit(LowestBit::blsi, size, to, from); }

    // `control`: start bit in its lowest byte, length in the next.
    void bextr(Size size, Gpr to, const GprOrMemory auto& from, Gpr control) {
        by_register(0xf7, 0, size, to, from, control);
    }
    void bzhi(Size size, Gpr to, const GprOrMemory auto& from, Gpr first_bit) {
        by_register(0xf5, 0, size, to, from, first_bit);
    }
    void shlx(Size size, Gpr to, const GprOrMemory auto& from, Gpr count) {
        by_register(0xf7, 0x66, size, to, from, count);
    }
    void shrx(Size size, Gpr to, const GprOrMemory auto& from, Gpr count) {
        by_register(0xf7, 0xf2, size, to, from, count);
    }
    void sarx(Size size, Gpr to, const GprOrMemory auto& from, Gpr count) {
        by_register(0xf7, 0xf3, size, to, from, count);
    }

    void rorx(Size size, Gpr to, const GprOrMemory auto& from, u8 count) {
        vex_instruction(map_0f3a(0xf0, 0xf2), size == Size::qword, number(to), 0, operand(from), {count, 1});
    }
    // rdx times `from`. If both destinations are one register it gets the upper half.
    void mulx(Size size, Gpr high, Gpr low, const GprOrMemory auto& from) {
        three(map_0f38(0xf6, 0xf2), size, number(high), number(low), from);
    }
    void pdep(Size size, Gpr to, Gpr from, const GprOrMemory auto& mask) {
        three(map_0f38(0xf5, 0xf2), size, number(to), number(from), mask);
    }
    void pext(Size size, Gpr to, Gpr from, const GprOrMemory auto& mask) {
        three(map_0f38(0xf5, 0xf3), size, number(to), number(from), mask);
    }

private:
    void three(Opcode opcode, Size size, u32 reg, u32 vvvv, const GprOrMemory auto& rm) {
        vex_instruction(opcode, size == Size::qword, reg, vvvv, operand(rm));
    }
    void by_register(u32 code, u8 prefix, Size size, Gpr to, const GprOrMemory auto& from, Gpr by) {
        three(map_0f38(code, prefix), size, number(to), number(by), from);
    }
};

} // namespace orrery::x64
