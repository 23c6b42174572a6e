#include "jit/baseline/block_analysis.hpp"

namespace orrery::jit::baseline {

using ir::Op;

void BlockAnalysis::run(const ir::Block& block, const Layout& layout) {
    block_ = &block;
    layout_ = &layout;
    const auto count = static_cast<u16>(block.instructions.size());
    facts_.assign(count, {});
    ++epoch_;
    use_terminal(block.terminal, count);
    for (u16 i = count; i-- > 0;) visit(i);
}

void BlockAnalysis::use_terminal(const ir::Terminal& terminal, u16 at) {
    if (const auto* branch = std::get_if<ir::Branch>(&terminal)) {
        use(branch->a, at);
        use(branch->b, at);
    } else if (const auto* indirect = std::get_if<ir::Indirect>(&terminal)) {
        use(indirect->pc, at);
    }
}

void BlockAnalysis::use(ir::Value value, u16 at) {
    if (value == ir::no_value) return;
    ValueFacts& facts = facts_[value];
    if (facts.last_use < at) facts.last_use = at;
    if (facts.uses != 255) ++facts.uses;
}

void BlockAnalysis::visit(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    switch (instruction.op) {
    case Op::insn:
    case Op::constant:
    case Op::fence:
        return;
    case Op::put:
        return visit_put(index);
    case Op::get:
        if (facts_[index].uses == 0)
            facts_[index].dead = true;
        else
            overwritten_[instruction.imm] = 0;
        return;
    default:
        break;
    }
    if (!may_leave(instruction)) return visit_pure(index);
    ++epoch_;
    use(instruction.a, index);
    use(instruction.b, index);
    use(instruction.c, index);
}

// A store that has to leave does so behind its guest instruction, where what that instruction puts is looked at.
bool BlockAnalysis::follows_store(u16 index) const {
    for (u16 i = index; i-- > 0;) {
        if (block_->instructions[i].op == Op::insn) return false;
        if (block_->instructions[i].op == Op::store) return true;
    }
    return false;
}

void BlockAnalysis::visit_put(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    u64& overwritten = overwritten_[instruction.imm];
    if (overwritten == epoch_ && !follows_store(index)) {
        facts_[index].dead = true;
        return;
    }
    overwritten = epoch_;
    use(instruction.a, index);
    if (!layout_->pinned(instruction.imm)) return;
    facts_[instruction.a].hint_slot = static_cast<u16>(instruction.imm);
    facts_[instruction.a].hint_at = index;
}

// A comparison for a select; a shift to the left for a shift to the right by a constant (zero extension) or a sum
// (scaling).
bool BlockAnalysis::can_fold(u16 index) const {
    const ir::Instruction& shift = block_->instructions[index];
    const ValueFacts& facts = facts_[index];
    if (facts.uses != 1 || facts.last_use == block_->instructions.size()) return false;
    const ir::Instruction& user = block_->instructions[facts.last_use];
    if (shift.op == Op::compare) return user.op == Op::select && user.a == index;
    if (shift.op != Op::shl || shift.type != ir::Type::i64) return false;
    if (!is_constant(shift.b) || is_constant(shift.a)) return false;
    const u64 count = block_->instructions[shift.b].imm & 63;
    if (user.type != ir::Type::i64) return false;
    if (user.op == Op::shr) return user.a == index && count == 32 && is_constant(user.b);
    if (user.op != Op::add || count == 0 || count > 3) return false;
    const ir::Value other = user.a == index ? user.b : user.a;
    return !is_constant(other) && !facts_[other].folded;
}

void BlockAnalysis::visit_pure(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    ValueFacts& facts = facts_[index];
    if (facts.uses == 0) {
        facts.dead = true;
        return;
    }
    facts.folded = can_fold(index);
    const u16 at = facts.folded ? facts.last_use : index;
    const ir::Value a = instruction.a;
    const bool one_variable = instruction.b == ir::no_value || is_constant(instruction.b);
    if (facts.hint_slot != no_slot && one_variable && facts_[a].uses == 0 && facts.hint_at - a <= hint_reach) {
        facts_[a].hint_slot = facts.hint_slot;
        facts_[a].hint_at = facts.hint_at;
    }
    use(a, at);
    use(instruction.b, at);
    use(instruction.c, at);
}

} // namespace orrery::jit::baseline
