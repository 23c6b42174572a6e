// Zba, Zbb and Zbs: address generation, basic bit manipulation, single bits.
#include "cpu/riscv/translate.hpp"

namespace orrery::riscv::translators {
namespace {

using ir::Condition;
using ir::Type;
using ir::Value;
using IrOp = ir::Op;

constexpr u64 all_ones = ~u64{0};

void shift_and_add(BlockTranslation& t, const Instruction& i, u64 shift, Value index) {
    t.put_x(i.rd, t.binary(IrOp::add, t.binary(IrOp::shl, index, shift), t.x(i.rs2)));
}
Value low_word(BlockTranslation& t, const Instruction& i) { return t.unary(IrOp::zext32, t.x(i.rs1)); }

Value inverted(BlockTranslation& t, Value value) { return t.binary(IrOp::xor_, value, all_ones); }

void unary(BlockTranslation& t, const Instruction& i, IrOp op, Type type = Type::i64) {
    t.put_x(i.rd, t.unary(op, t.x(i.rs1), type));
}
void first_if(BlockTranslation& t, const Instruction& i, Condition condition) {
    const Value a = t.x(i.rs1), b = t.x(i.rs2);
    t.put_x(i.rd, t.ir().select(t.ir().compare(condition, a, b), a, b));
}
void rotate(BlockTranslation& t, const Instruction& i, IrOp op, Value count) {
    t.put_x(i.rd, t.binary(op, t.x(i.rs1), count));
}
void rotate_word(BlockTranslation& t, const Instruction& i, IrOp op, Value count) {
    t.put_x(i.rd, t.sext32(t.binary(op, t.x(i.rs1), count, Type::i32)));
}

Value immediate(BlockTranslation& t, const Instruction& i) { return t.constant(static_cast<u64>(i.imm)); }

void with_bit(BlockTranslation& t, const Instruction& i, IrOp op, Value number) {
    t.put_x(i.rd, t.binary(op, t.x(i.rs1), t.binary(IrOp::shl, t.constant(1), number)));
}
void extract_bit(BlockTranslation& t, const Instruction& i, Value number) {
    t.put_x(i.rd, t.binary(IrOp::and_, t.binary(IrOp::shr, t.x(i.rs1), number), u64{1}));
}

} // namespace

void sh1add(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 1, t.x(i.rs1)); }
void sh2add(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 2, t.x(i.rs1)); }
void sh3add(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 3, t.x(i.rs1)); }
void add_uw(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 0, low_word(t, i)); }
void sh1add_uw(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 1, low_word(t, i)); }
void sh2add_uw(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 2, low_word(t, i)); }
void sh3add_uw(BlockTranslation& t, const Instruction& i) { shift_and_add(t, i, 3, low_word(t, i)); }
void slli_uw(BlockTranslation& t, const Instruction& i) {
    t.put_x(i.rd, t.binary(IrOp::shl, low_word(t, i), immediate(t, i)));
}

void andn(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.binary(IrOp::andn, t.x(i.rs1), t.x(i.rs2))); }
void orn(BlockTranslation& t, const Instruction& i) {
    t.put_x(i.rd, t.binary(IrOp::or_, t.x(i.rs1), inverted(t, t.x(i.rs2))));
}
void xnor(BlockTranslation& t, const Instruction& i) {
    t.put_x(i.rd, inverted(t, t.binary(IrOp::xor_, t.x(i.rs1), t.x(i.rs2))));
}

void clz(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::clz); }
void ctz(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::ctz); }
void cpop(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::popcount); }
void clzw(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::clz, Type::i32); }
void ctzw(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::ctz, Type::i32); }
void cpopw(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::popcount, Type::i32); }
void sext_b(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::sext8); }
void sext_h(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::sext16); }
void zext_h(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::zext16); }
void rev8(BlockTranslation& t, const Instruction& i) { unary(t, i, IrOp::bswap); }

void min(BlockTranslation& t, const Instruction& i) { first_if(t, i, Condition::lt); }
void minu(BlockTranslation& t, const Instruction& i) { first_if(t, i, Condition::ltu); }
void max(BlockTranslation& t, const Instruction& i) { first_if(t, i, Condition::ge); }
void maxu(BlockTranslation& t, const Instruction& i) { first_if(t, i, Condition::geu); }

void rol(BlockTranslation& t, const Instruction& i) { rotate(t, i, IrOp::rotl, t.x(i.rs2)); }
void ror(BlockTranslation& t, const Instruction& i) { rotate(t, i, IrOp::rotr, t.x(i.rs2)); }
void rori(BlockTranslation& t, const Instruction& i) { rotate(t, i, IrOp::rotr, immediate(t, i)); }
void rolw(BlockTranslation& t, const Instruction& i) { rotate_word(t, i, IrOp::rotl, t.x(i.rs2)); }
void rorw(BlockTranslation& t, const Instruction& i) { rotate_word(t, i, IrOp::rotr, t.x(i.rs2)); }
void roriw(BlockTranslation& t, const Instruction& i) { rotate_word(t, i, IrOp::rotr, immediate(t, i)); }

// Bit 7 of each byte becomes whether the byte is not 0 (the sum carries into it, but never beyond), then fills the
// byte.
void orc_b(BlockTranslation& t, const Instruction& i) {
    constexpr u64 low_bits = 0x7f7f'7f7f'7f7f'7f7f;
    const Value a = t.x(i.rs1);
    const Value carried = t.binary(IrOp::add, t.binary(IrOp::and_, a, low_bits), low_bits);
    const Value nonzero = t.binary(IrOp::and_, t.binary(IrOp::or_, carried, a), ~low_bits);
    const Value low_ends = t.binary(IrOp::shr, nonzero, u64{7});
    t.put_x(i.rd, t.binary(IrOp::or_, t.binary(IrOp::sub, nonzero, low_ends), nonzero));
}

void bclr(BlockTranslation& t, const Instruction& i) { with_bit(t, i, IrOp::andn, t.x(i.rs2)); }
void bclri(BlockTranslation& t, const Instruction& i) {
    t.put_x(i.rd, t.binary(IrOp::and_, t.x(i.rs1), ~bit(static_cast<u32>(i.imm))));
}
void binv(BlockTranslation& t, const Instruction& i) { with_bit(t, i, IrOp::xor_, t.x(i.rs2)); }
void binvi(BlockTranslation& t, const Instruction& i) { with_bit(t, i, IrOp::xor_, immediate(t, i)); }
void bset(BlockTranslation& t, const Instruction& i) { with_bit(t, i, IrOp::or_, t.x(i.rs2)); }
void bseti(BlockTranslation& t, const Instruction& i) { with_bit(t, i, IrOp::or_, immediate(t, i)); }
void bext(BlockTranslation& t, const Instruction& i) { extract_bit(t, i, t.x(i.rs2)); }
void bexti(BlockTranslation& t, const Instruction& i) { extract_bit(t, i, immediate(t, i)); }

} // namespace orrery::riscv::translators
