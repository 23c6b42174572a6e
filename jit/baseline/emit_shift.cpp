// Shifts, rotations and bit counts.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::Op;
using x64::Shift;

namespace {

Shift shift_of(Op op) {
    switch (op) {
    case Op::shl:
        return Shift::shl;
    case Op::shr:
        return Shift::shr;
    case Op::sar:
        return Shift::sar;
    case Op::rotl:
        return Shift::rol;
    default:
        return Shift::ror;
    }
}

} // namespace

void BlockEmitter::emit_shift(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Operand count = locations_.locate(instruction.b);
    const u32 mask = instruction.type == ir::Type::i32 ? 31 : 63;
    if (facts_[instruction.a].folded) return emit_folded_shift(index, static_cast<u32>(count.value) & mask);
    const Shift op = shift_of(instruction.op);
    if (count.is_immediate()) return emit_shift_by_immediate(index, op, static_cast<u32>(count.value) & mask);
    if (!features_.bmi2 || op == Shift::rol || op == Shift::ror) return emit_shift_by_cl(index, op);
    Operand a = locations_.use(instruction.a);
    const Gpr by = locations_.in_register(instruction.b);
    if (a.is_immediate()) a = register_operand(locations_.in_register(a));
    const Gpr to = locations_.destination();
    const Size size = size_of(instruction.type);
    const auto emit = [&](const auto& from) {
        if (op == Shift::shl)
            hot_.shlx(size, to, from, by);
        else if (op == Shift::shr)
            hot_.shrx(size, to, from, by);
        else
            hot_.sarx(size, to, from, by);
    };
    if (a.is_memory())
        emit(a.memory);
    else
        emit(a.reg);
    locations_.define(index, to);
}

// (x << 32) >> count
void BlockEmitter::emit_folded_shift(u16 index, u32 count) {
    const ir::Instruction& left = block_->instructions[block_->instructions[index].a];
    const Operand a = locations_.use(left.a);
    const Gpr to = locations_.destination();
    locations_.load(to, a, Size::dword);
    if (count > 32)
        hot_.shr(Size::dword, to, static_cast<u8>(count - 32));
    else if (count < 32)
        hot_.shl(Size::qword, to, static_cast<u8>(32 - count));
    locations_.define(index, to);
}

void BlockEmitter::emit_shift_by_immediate(u16 index, Shift op, u32 count) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const Operand a = locations_.use(instruction.a);
    const Gpr to = locations_.destination();
    if (count == 0)
        locations_.load(to, a, size);
    else {
        bring(to, a, size);
        hot_.shift(op, size, to, static_cast<u8>(count));
    }
    locations_.define(index, to);
}

void BlockEmitter::emit_shift_by_cl(u16 index, Shift op) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    locations_.take(Gpr::rcx);
    const Operand a = locations_.use(instruction.a);
    locations_.load(Gpr::rcx, locations_.use(instruction.b), Size::dword);
    const Gpr to = locations_.destination();
    bring(to, a, size);
    hot_.shift_cl(op, size, to);
    locations_.define(index, to);
}

void BlockEmitter::emit_count_zeros(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const i32 width = instruction.type == ir::Type::i32 ? 32 : 64;
    const bool leading = instruction.op == Op::clz;
    const Gpr from = locations_.in_register(instruction.a);
    if (leading ? features_.lzcnt : features_.bmi1) {
        const Gpr to = locations_.destination();
        // The host's result depends on the old one as well, on some processors.
        if (to != from) hot_.xor_(Size::dword, to, to);
        if (leading)
            hot_.lzcnt(size, to, from);
        else
            hot_.tzcnt(size, to, from);
        return locations_.define(index, to);
    }
    const Gpr of_zero = locations_.temporary();
    const Gpr to = locations_.destination();
    hot_.mov(Size::dword, of_zero, leading ? 2 * width - 1 : width);
    if (leading)
        hot_.bsr(size, to, from);
    else
        hot_.bsf(size, to, from);
    hot_.cmovcc(Condition::e, Size::dword, to, of_zero);
    if (leading) hot_.xor_(Size::dword, to, width - 1);
    locations_.define(index, to);
}

// Without the instruction: sums of neighbouring bits, then pairs, then fours, then all bytes by a multiplication.
void BlockEmitter::emit_population_count(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const Gpr from = locations_.in_register(instruction.a);
    if (features_.popcnt) {
        const Gpr to = locations_.destination();
        if (to != from) hot_.xor_(Size::dword, to, to);
        hot_.popcnt(size, to, from);
        return locations_.define(index, to);
    }
    const Gpr sum = locations_.temporary();
    const Gpr mask = locations_.temporary();
    locations_.load(sum, register_operand(from), size);
    const auto add_neighbours = [&](u8 distance, u64 pattern) {
        const Gpr to = sum;
        hot_.push(to);
        hot_.shr(Size::qword, to, distance);
        hot_.mov(Size::qword, mask, pattern);
        hot_.and_(Size::qword, to, mask);
        hot_.and_(Size::qword, mask, Mem::at(Gpr::rsp));
        hot_.add(Size::qword, to, mask);
        hot_.lea(Size::qword, Gpr::rsp, Mem::at(Gpr::rsp, 8));
    };
    add_neighbours(1, 0x5555'5555'5555'5555);
    add_neighbours(2, 0x3333'3333'3333'3333);
    add_neighbours(4, 0x0f0f'0f0f'0f0f'0f0f);
    hot_.mov(Size::qword, mask, u64{0x0101'0101'0101'0101});
    hot_.imul(Size::qword, sum, mask);
    hot_.shr(Size::qword, sum, 56);
    locations_.unlock(mask);
    locations_.define_in(sum);
}

} // namespace orrery::jit::baseline
