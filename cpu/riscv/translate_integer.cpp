// RV32I and RV64I but for control transfer and the system instructions (I 2.4, 2.6, 2.7, 5.2, 5.3), and Zicbop's hints.
#include "cpu/riscv/translate.hpp"

namespace orrery::riscv::translators {
namespace {

using ir::Condition;
using ir::Type;
using IrOp = ir::Op;

u64 immediate(const Instruction& i) { return static_cast<u64>(i.imm); }

void compute(BlockTranslation& t, const Instruction& i, IrOp op) {
    t.put_x(i.rd, t.binary(op, t.x(i.rs1), t.x(i.rs2)));
}
void compute_immediate(BlockTranslation& t, const Instruction& i, IrOp op) {
    t.put_x(i.rd, t.binary(op, t.x(i.rs1), immediate(i)));
}
// The low 32 bits of sums need no more than their operands' low bits, so they are computed in 64.
void compute_word(BlockTranslation& t, const Instruction& i, IrOp op, Type type) {
    t.put_x(i.rd, t.sext32(t.binary(op, t.x(i.rs1), t.x(i.rs2), type)));
}
void compute_word_immediate(BlockTranslation& t, const Instruction& i, IrOp op, Type type) {
    t.put_x(i.rd, t.sext32(t.binary(op, t.x(i.rs1), immediate(i), type)));
}
void set_if(BlockTranslation& t, const Instruction& i, Condition condition, ir::Value operand) {
    t.put_x(i.rd, t.ir().compare(condition, t.x(i.rs1), operand));
}

void load(BlockTranslation& t, const Instruction& i, u8 size_log2, bool sign_extend) {
    t.put_x(i.rd, t.ir().load({.size_log2 = size_log2, .sign_extend = sign_extend}, t.x(i.rs1), i.imm));
}
void store(BlockTranslation& t, const Instruction& i, u8 size_log2) {
    t.ir().store({.size_log2 = size_log2}, t.x(i.rs1), i.imm, t.x(i.rs2));
}

} // namespace

void lui(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.constant(immediate(i))); }
void auipc(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.constant(t.pc() + immediate(i))); }

void addi(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::add); }
void xori(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::xor_); }
void ori(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::or_); }
void andi(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::and_); }
void slli(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::shl); }
void srli(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::shr); }
void srai(BlockTranslation& t, const Instruction& i) { compute_immediate(t, i, IrOp::sar); }
void slti(BlockTranslation& t, const Instruction& i) { set_if(t, i, Condition::lt, t.constant(immediate(i))); }
void sltiu(BlockTranslation& t, const Instruction& i) { set_if(t, i, Condition::ltu, t.constant(immediate(i))); }

void add(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::add); }
void sub(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::sub); }
void xor_(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::xor_); }
void or_(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::or_); }
void and_(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::and_); }
void sll(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::shl); }
void srl(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::shr); }
void sra(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::sar); }
void slt(BlockTranslation& t, const Instruction& i) { set_if(t, i, Condition::lt, t.x(i.rs2)); }
void sltu(BlockTranslation& t, const Instruction& i) { set_if(t, i, Condition::ltu, t.x(i.rs2)); }

void addiw(BlockTranslation& t, const Instruction& i) { compute_word_immediate(t, i, IrOp::add, Type::i64); }
void slliw(BlockTranslation& t, const Instruction& i) { compute_word_immediate(t, i, IrOp::shl, Type::i32); }
void srliw(BlockTranslation& t, const Instruction& i) { compute_word_immediate(t, i, IrOp::shr, Type::i32); }
void sraiw(BlockTranslation& t, const Instruction& i) { compute_word_immediate(t, i, IrOp::sar, Type::i32); }
void addw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::add, Type::i64); }
void subw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::sub, Type::i64); }
void sllw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::shl, Type::i32); }
void srlw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::shr, Type::i32); }
void sraw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::sar, Type::i32); }

void lb(BlockTranslation& t, const Instruction& i) { load(t, i, 0, true); }
void lh(BlockTranslation& t, const Instruction& i) { load(t, i, 1, true); }
void lw(BlockTranslation& t, const Instruction& i) { load(t, i, 2, true); }
void ld(BlockTranslation& t, const Instruction& i) { load(t, i, 3, false); }
void lbu(BlockTranslation& t, const Instruction& i) { load(t, i, 0, false); }
void lhu(BlockTranslation& t, const Instruction& i) { load(t, i, 1, false); }
void lwu(BlockTranslation& t, const Instruction& i) { load(t, i, 2, false); }
void sb(BlockTranslation& t, const Instruction& i) { store(t, i, 0); }
void sh(BlockTranslation& t, const Instruction& i) { store(t, i, 1); }
void sw(BlockTranslation& t, const Instruction& i) { store(t, i, 2); }
void sd(BlockTranslation& t, const Instruction& i) { store(t, i, 3); }

// I 2.7. Hosts keep all orders but that of a load after an earlier store.
void fence(BlockTranslation& t, const Instruction& i) {
    constexpr u64 predecessor_writes = 1 << 4, successor_reads = 1 << 1;
    constexpr u64 store_then_load = predecessor_writes | successor_reads;
    if ((immediate(i) & store_then_load) == store_then_load) t.ir().fence();
}
void fence_tso(BlockTranslation&, const Instruction&) {}
void pause(BlockTranslation&, const Instruction&) {}

void prefetch_i(BlockTranslation&, const Instruction&) {}
void prefetch_r(BlockTranslation&, const Instruction&) {}
void prefetch_w(BlockTranslation&, const Instruction&) {}

} // namespace orrery::riscv::translators
