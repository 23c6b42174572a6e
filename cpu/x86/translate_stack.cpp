// The stack (SDM 1, 6.2 and 5.1.1).
#include "cpu/x86/translate.hpp"

namespace orrery::x86::translators {

using ir::Value;

void push(BlockTranslation& t) {
    const OperandValue from = operand_of(t.instruction(), 0);
    const u32 size = t.operand_size();
    if (from.kind == OperandKind::segment) return t.push(t.call(HelperNumber::selector, t.constant(from.number)), size);
    if (from.kind == OperandKind::immediate) return t.push(t.constant(static_cast<u64>(from.value)), size);
    t.push(t.read(0), size);
}

// An address in rSP is computed with what it is after the pop.
void pop(BlockTranslation& t) {
    const OperandValue to = operand_of(t.instruction(), 0);
    const u32 size = t.operand_size();
    const Value value = t.top(size);
    if (to.kind == OperandKind::segment) {
        const auto segment = static_cast<Segment>(to.number);
        t.call(HelperNumber::load_segment, t.zero_extend(value, 2), t.constant(to.number));
        t.drop(size);
        if (segment != Segment::ss) return t.leave();
        t.ir().put(slot::interrupt_shadow, t.constant(shadow_of_stack));
        return t.leave_untrapped();
    }
    if (to.kind == OperandKind::memory) {
        const Value before = t.ir().get(slot::r(gpr::rsp));
        t.drop(size);
        const Location place = t.place(0);
        t.ir().put(slot::r(gpr::rsp), before);
        t.write(place, value);
        return t.drop(size);
    }
    t.drop(size);
    t.write(t.place(0), value);
}

void pusha(BlockTranslation& t) { t.call(HelperNumber::push_all, t.constant(t.operand_size())); }
void popa(BlockTranslation& t) { t.call(HelperNumber::pop_all, t.constant(t.operand_size())); }
void pushf(BlockTranslation& t) { t.call(HelperNumber::push_flags, t.constant(t.operand_size())); }
void popf(BlockTranslation& t) {
    t.call(HelperNumber::pop_flags, t.constant(t.operand_size()));
    t.forget_flags();
    t.leave();
}

void enter(BlockTranslation& t) {
    const Instruction& i = t.instruction();
    t.call(HelperNumber::enter, t.constant(static_cast<u64>(i.immediate) & 0xffff), t.constant(i.immediate2 & 31u),
           t.constant(t.operand_size()));
}

// rSP takes the frame pointer at the stack's width, and what lies there goes into the frame pointer.
void leave(BlockTranslation& t) {
    const u32 size = t.operand_size();
    const u32 width = bytes(t.mode().stack);
    const Value frame = t.gpr(gpr::rbp, width);
    const Value value = t.load(t.linear(Segment::ss, frame, size, false), size);
    t.put_gpr(gpr::rsp, width, t.binary(ir::Op::add, frame, u64{size}));
    t.put_gpr(gpr::rbp, size, value);
}

} // namespace orrery::x86::translators
