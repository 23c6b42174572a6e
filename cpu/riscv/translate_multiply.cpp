// "M": multiplication and division (I 7). The IR's division gives what the manual wants for 0 and overflow.
#include "cpu/riscv/translate.hpp"

namespace orrery::riscv::translators {
namespace {

using IrOp = ir::Op;

void compute(BlockTranslation& t, const Instruction& i, IrOp op) {
    t.put_x(i.rd, t.binary(op, t.x(i.rs1), t.x(i.rs2)));
}
void compute_word(BlockTranslation& t, const Instruction& i, IrOp op) {
    t.put_x(i.rd, t.sext32(t.binary(op, t.x(i.rs1), t.x(i.rs2), ir::Type::i32)));
}

} // namespace

void mul(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::mul); }
void mulh(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::mulhs); }
void mulhsu(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::mulhsu); }
void mulhu(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::mulhu); }
void div(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::divs); }
void divu(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::divu); }
void rem(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::rems); }
void remu(BlockTranslation& t, const Instruction& i) { compute(t, i, IrOp::remu); }

void mulw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::mul); }
void divw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::divs); }
void divuw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::divu); }
void remw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::rems); }
void remuw(BlockTranslation& t, const Instruction& i) { compute_word(t, i, IrOp::remu); }

} // namespace orrery::riscv::translators
