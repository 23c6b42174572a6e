// Jumps and branches (I 2.5). Each ends its block. With compressed instructions no target is misaligned.
#include "cpu/riscv/translate.hpp"

#include "jit/ir/evaluate.hpp"

namespace orrery::riscv::translators {
namespace {

using ir::Condition;
using ir::JumpKind;

bool is_link(u32 number) { return number == 1 || number == 5; }

// I 2.5.1, the hints to a return-address stack. Of "pop, then push" the push is what a later return wants to find.
JumpKind kind_of_jump(u32 rd, u32 rs1) {
    if (is_link(rd)) return JumpKind::call;
    return is_link(rs1) ? JumpKind::ret : JumpKind::plain;
}

void branch(BlockTranslation& t, const Instruction& i, Condition condition) {
    const u64 taken_pc = t.pc() + static_cast<u64>(i.imm);
    const ir::Value a = t.x(i.rs1), b = t.x(i.rs2);
    const auto known_a = t.ir().constant_of(a), known_b = t.ir().constant_of(b);
    if (known_a && known_b) {
        const bool taken = ir::evaluate(condition, ir::Type::i64, *known_a, *known_b);
        t.end(ir::Goto{.pc = taken ? taken_pc : t.next_pc()});
        return;
    }
    t.end(ir::Branch{condition, ir::Type::i64, a, b, taken_pc, t.next_pc()});
}

} // namespace

void jal(BlockTranslation& t, const Instruction& i) {
    t.put_x(i.rd, t.constant(t.next_pc()));
    t.end(ir::Goto{t.pc() + static_cast<u64>(i.imm), is_link(i.rd) ? JumpKind::call : JumpKind::plain, t.next_pc()});
}

void jalr(BlockTranslation& t, const Instruction& i) {
    const ir::Value sum = t.binary(ir::Op::add, t.x(i.rs1), static_cast<u64>(i.imm));
    const ir::Value target = t.binary(ir::Op::and_, sum, ~u64{1});
    t.put_x(i.rd, t.constant(t.next_pc()));
    const JumpKind kind = kind_of_jump(i.rd, i.rs1);
    if (const auto known = t.ir().constant_of(target))
        t.end(ir::Goto{*known, kind == JumpKind::call ? kind : JumpKind::plain, t.next_pc()});
    else
        t.end(ir::Indirect{target, kind, t.next_pc()});
}

void beq(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::eq); }
void bne(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::ne); }
void blt(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::lt); }
void bge(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::ge); }
void bltu(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::ltu); }
void bgeu(BlockTranslation& t, const Instruction& i) { branch(t, i, Condition::geu); }

} // namespace orrery::riscv::translators
