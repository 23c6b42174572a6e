// Integer arithmetic, logic, extension, comparison. Throughout, the destination may be the register of an operand.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::Op;
using x64::Alu;

// Before an operation of that size on `to`, which clears the upper half.
void BlockEmitter::bring(Gpr to, const Operand& from, Size size) {
    if (!from.is_register(to)) locations_.load(to, from, size);
}

Operand BlockEmitter::usable(const Operand& operand, Size size) {
    if (!operand.is_immediate() || size == Size::dword || fits_i32(operand.value)) return operand;
    return register_operand(locations_.in_register(operand));
}

void BlockEmitter::alu(Alu op, Size size, Gpr to, const Operand& from) {
    switch (from.kind) {
    case Operand::Kind::immediate:
        hot_.alu(op, size, to, static_cast<i32>(from.value));
        return;
    case Operand::Kind::reg:
        hot_.alu(op, size, to, from.reg);
        return;
    case Operand::Kind::memory:
        hot_.alu(op, size, to, from.memory);
        return;
    }
}

void BlockEmitter::emit_sum_immediate(u16 index, const Operand& a, u64 immediate) {
    const Size size = size_of(block_->instructions[index].type);
    const auto addend = static_cast<i32>(immediate);
    const Gpr to = locations_.destination();
    if (a.is_register(to) && addend != 0)
        hot_.add(size, to, addend);
    else if (a.is_register() && addend != 0)
        hot_.lea(size, to, Mem::at(a.reg, addend));
    else {
        locations_.load(to, a, size);
        if (addend != 0) hot_.add(size, to, addend);
    }
    locations_.define(index, to);
}

void BlockEmitter::emit_scaled_sum(u16 index, ir::Value scaled, ir::Value other) {
    const ir::Instruction& shift = block_->instructions[scaled];
    const u32 scale = 1u << (block_->instructions[shift.b].imm & 63);
    const Gpr factor = locations_.in_register(shift.a);
    const Gpr addend = locations_.in_register(other);
    const Gpr to = locations_.destination();
    hot_.lea(Size::qword, to, Mem::at(addend, factor, scale));
    locations_.define(index, to);
}

void BlockEmitter::emit_sum(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    if (facts_[instruction.a].folded) return emit_scaled_sum(index, instruction.a, instruction.b);
    if (facts_[instruction.b].folded) return emit_scaled_sum(index, instruction.b, instruction.a);
    const Size size = size_of(instruction.type);
    Operand a = locations_.use(instruction.a);
    Operand b = locations_.use(instruction.b);
    if (a.is_immediate()) std::swap(a, b);
    if (a.is_immediate()) a = register_operand(locations_.in_register(a));
    b = usable(b, size);
    if (b.is_immediate()) return emit_sum_immediate(index, a, b.value);
    const Gpr to = locations_.destination();
    if (b.is_register(to)) std::swap(a, b);
    if (a.is_register(to))
        alu(Alu::add, size, to, b);
    else if (a.is_register() && b.is_register())
        hot_.lea(size, to, Mem::at(a.reg, b.reg));
    else {
        bring(to, a, size);
        alu(Alu::add, size, to, b);
    }
    locations_.define(index, to);
}

void BlockEmitter::emit_difference(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const Operand a = locations_.use(instruction.a);
    Operand b = locations_.use(instruction.b);
    const u64 negated = u64{0} - b.value;
    if (b.is_immediate() && !a.is_immediate() && (size == Size::dword || fits_i32(negated)))
        return emit_sum_immediate(index, a, negated);
    b = usable(b, size);
    const Gpr to = locations_.destination();
    if (a.is_register(to) || !b.is_register(to)) {
        if (a.is_immediate() && a.value == 0 && !b.is_immediate()) {
            bring(to, b, size);
            hot_.neg(size, to);
        } else {
            bring(to, a, size);
            alu(Alu::sub, size, to, b);
        }
    } else {
        // to = -b + a; an immediate that is too long was loaded as a mov would, in two's complement either way.
        hot_.neg(size, to);
        if (a.is_immediate() && size == Size::qword && !fits_i32(a.value)) {
            const Gpr wide = locations_.temporary();
            locations_.load(wide, a);
            hot_.add(size, to, wide);
        } else if (!a.is_immediate() || static_cast<i32>(a.value) != 0) {
            alu(Alu::add, size, to, a);
        }
    }
    locations_.define(index, to);
}

static bool is_extension_mask(u64 mask) { return mask == 0xff || mask == 0xffff || mask == 0xffff'ffff; }

void BlockEmitter::emit_mask(u16 index, const Operand& a, u64 mask) {
    const Gpr to = locations_.destination();
    const Size from = mask == 0xff ? Size::byte : Size::word;
    if (mask == 0xffff'ffff)
        locations_.load(to, a, Size::dword);
    else if (a.is_memory())
        hot_.movzx(to, from, a.memory);
    else
        hot_.movzx(to, from, a.reg);
    locations_.define(index, to);
}

void BlockEmitter::emit_logic(u16 index, Alu op) {
    const ir::Instruction& instruction = block_->instructions[index];
    Size size = size_of(instruction.type);
    Operand a = locations_.use(instruction.a);
    Operand b = locations_.use(instruction.b);
    if (a.is_immediate()) std::swap(a, b);
    if (a.is_immediate()) a = register_operand(locations_.in_register(a));
    const u64 mask = size == Size::dword ? static_cast<u32>(b.value) : b.value;
    if (op == Alu::and_ && b.is_immediate() && is_extension_mask(mask)) return emit_mask(index, a, mask);
    // A mask without upper bits leaves none; the short form needs no sign extension.
    if (op == Alu::and_ && b.is_immediate() && b.value <= 0x7fff'ffff) size = Size::dword;
    b = usable(b, size);
    const Gpr to = locations_.destination();
    if (b.is_register(to)) std::swap(a, b);
    if (b.is_immediate() && static_cast<i32>(b.value) == 0 && op != Alu::and_)
        locations_.load(to, a, size);
    else
        bring(to, a, size);
    if (op == Alu::xor_ && b.is_immediate() && static_cast<i32>(b.value) == -1)
        hot_.not_(size, to);
    else if (!b.is_immediate() || static_cast<i32>(b.value) != 0 || op == Alu::and_)
        alu(op, size, to, b);
    locations_.define(index, to);
}

void BlockEmitter::emit_and_not(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const Operand a = locations_.use(instruction.a);
    const Operand b = locations_.use(instruction.b);
    if (features_.bmi1) {
        const Gpr inverted = b.is_memory() ? locations_.in_register(instruction.b) : locations_.in_register(b);
        const Operand other = a.is_immediate() ? register_operand(locations_.in_register(a)) : a;
        const Gpr to = locations_.destination();
        if (other.is_memory())
            hot_.andn(size, to, inverted, other.memory);
        else
            hot_.andn(size, to, inverted, other.reg);
        return locations_.define(index, to);
    }
    const Gpr inverted = locations_.temporary();
    locations_.load(inverted, b, size);
    hot_.not_(size, inverted);
    const Gpr to = locations_.destination();
    locations_.load(to, a, size);
    hot_.and_(size, to, inverted);
    locations_.define(index, to);
}

void BlockEmitter::emit_byte_swap(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const Operand a = locations_.use(instruction.a);
    const Gpr to = locations_.destination();
    bring(to, a, size);
    hot_.bswap(size, to);
    locations_.define(index, to);
}

void BlockEmitter::emit_extension(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Operand a = locations_.use(instruction.a);
    const Operand from = a.is_immediate() ? register_operand(locations_.in_register(a)) : a;
    const Gpr to = locations_.destination();
    const auto extend = [&](const auto& source) {
        switch (instruction.op) {
        case Op::sext8:
            hot_.movsx(Size::qword, to, Size::byte, source);
            break;
        case Op::sext16:
            hot_.movsx(Size::qword, to, Size::word, source);
            break;
        case Op::sext32:
            hot_.movsxd(to, source);
            break;
        case Op::zext8:
            hot_.movzx(to, Size::byte, source);
            break;
        case Op::zext16:
            hot_.movzx(to, Size::word, source);
            break;
        default:
            hot_.mov(Size::dword, to, source);
            break;
        }
    };
    if (from.is_memory())
        extend(from.memory);
    else
        extend(from.reg);
    locations_.define(index, to);
}

BlockEmitter::Comparison BlockEmitter::comparison(ir::Condition condition, ir::Type type, ir::Value value_a,
                                                  ir::Value value_b) {
    static constexpr Condition straight[] = {Condition::e,  Condition::ne, Condition::l,
                                             Condition::ge, Condition::b,  Condition::ae};
    static constexpr Condition swapped[] = {Condition::e,  Condition::ne, Condition::g,
                                            Condition::le, Condition::a,  Condition::be};
    const Size size = size_of(type);
    Operand a = locations_.use(value_a);
    Operand b = locations_.use(value_b);
    const bool swap = a.is_immediate();
    if (swap) std::swap(a, b);
    if (a.is_immediate()) a = register_operand(locations_.in_register(a));
    b = usable(b, size);
    if (a.is_memory() && b.is_memory()) a = register_operand(locations_.in_register(swap ? value_b : value_a));
    return {.condition = (swap ? swapped : straight)[static_cast<u8>(condition)], .size = size, .a = a, .b = b};
}

void BlockEmitter::compare(const Comparison& comparison) {
    const auto& [condition, size, a, b] = comparison;
    const bool with_zero = b.is_immediate() && (size == Size::dword ? static_cast<u32>(b.value) : b.value) == 0;
    if (a.is_register() && with_zero)
        hot_.test(size, a.reg, a.reg);
    else if (a.is_register())
        alu(Alu::cmp, size, a.reg, b);
    else if (b.is_immediate())
        hot_.cmp(size, a.memory, static_cast<i32>(b.value));
    else
        hot_.cmp(size, a.memory, b.reg);
}

void BlockEmitter::emit_comparison(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Comparison compared =
        comparison(static_cast<ir::Condition>(instruction.aux), instruction.type, instruction.a, instruction.b);
    const Gpr to = locations_.destination();
    const bool clear_first = !compared.a.is_register(to) && !compared.b.is_register(to);
    if (clear_first) hot_.xor_(Size::dword, to, to);
    compare(compared);
    hot_.setcc(compared.condition, to);
    if (!clear_first) hot_.movzx(to, Size::byte, to);
    locations_.define(index, to);
}

// A comparison that only serves the select is done here.
void BlockEmitter::emit_select(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    Comparison compared;
    if (facts_[instruction.a].folded) {
        const ir::Instruction& folded = block_->instructions[instruction.a];
        compared = comparison(static_cast<ir::Condition>(folded.aux), folded.type, folded.a, folded.b);
    } else {
        Operand a = locations_.use(instruction.a);
        if (a.is_immediate()) a = register_operand(locations_.in_register(a));
        compared = {.condition = Condition::ne, .size = Size::qword, .a = a, .b = {}};
    }
    compare(compared);
    // From here on only moves, which keep the flags.
    if (compared.a.is_register()) locations_.unlock(compared.a.reg);
    if (compared.b.is_register()) locations_.unlock(compared.b.reg);
    Operand chosen = locations_.use(instruction.b);
    Operand other = locations_.use(instruction.c);
    Condition condition = compared.condition;
    if (chosen.is_immediate()) {
        std::swap(chosen, other);
        condition = invert(condition);
    }
    if (chosen.is_immediate()) chosen = register_operand(locations_.in_register(chosen));
    const Gpr to = locations_.destination();
    if (chosen.is_register(to) && !other.is_register(to)) {
        if (other.is_immediate()) other = register_operand(locations_.in_register(other));
        std::swap(chosen, other);
        condition = invert(condition);
    }
    locations_.load(to, other);
    if (chosen.is_memory())
        hot_.cmovcc(condition, Size::qword, to, chosen.memory);
    else
        hot_.cmovcc(condition, Size::qword, to, chosen.reg);
    locations_.define(index, to);
}

} // namespace orrery::jit::baseline
