// Multiplication and division, which the host does in rax and rdx.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::Op;
using x64::Label;

void BlockEmitter::emit_multiply(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    Operand a = locations_.use(instruction.a);
    Operand b = locations_.use(instruction.b);
    if (a.is_immediate()) std::swap(a, b);
    if (a.is_immediate()) a = register_operand(locations_.in_register(a));
    b = usable(b, size);
    const Gpr to = locations_.destination();
    if (b.is_immediate()) {
        const auto factor = static_cast<i32>(b.value);
        if (a.is_memory())
            hot_.imul(size, to, a.memory, factor);
        else
            hot_.imul(size, to, a.reg, factor);
        return locations_.define(index, to);
    }
    if (b.is_register(to)) std::swap(a, b);
    bring(to, a, size);
    if (b.is_memory())
        hot_.imul(size, to, b.memory);
    else
        hot_.imul(size, to, b.reg);
    locations_.define(index, to);
}

void BlockEmitter::emit_high_multiply(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    locations_.take(Gpr::rax);
    locations_.take(Gpr::rdx);
    const Operand a = locations_.use(instruction.a);
    Operand b = locations_.use(instruction.b);
    if (a.is_immediate() && b.is_immediate()) b = register_operand(locations_.in_register(b));
    const auto multiply = instruction.op == Op::mulhs ? x64::Unary::imul : x64::Unary::mul;
    const Operand& explicit_factor = b.is_immediate() ? a : b;
    locations_.load(Gpr::rax, b.is_immediate() ? b : a);
    if (explicit_factor.is_memory())
        hot_.unary(multiply, Size::qword, explicit_factor.memory);
    else
        hot_.unary(multiply, Size::qword, explicit_factor.reg);
    if (instruction.op == Op::mulhsu) {
        // A negative a counted 2^64 too much.
        Label done;
        if (a.is_immediate() && static_cast<i64>(a.value) >= 0) hot_.jmp_short(done);
        if (!a.is_immediate()) {
            compare({.condition = Condition::s, .size = Size::qword, .a = a, .b = {}});
            hot_.jcc_short(Condition::ns, done);
        }
        locations_.load(Gpr::rax, b);
        hot_.sub(Size::qword, Gpr::rdx, Gpr::rax);
        hot_.bind(done);
    }
    locations_.define_in(Gpr::rdx);
}

void BlockEmitter::emit_divide(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const Size size = size_of(instruction.type);
    const bool is_signed = instruction.op == Op::divs || instruction.op == Op::rems;
    const bool remainder = instruction.op == Op::rems || instruction.op == Op::remu;
    locations_.take(Gpr::rax);
    locations_.take(Gpr::rdx);
    const Operand a = locations_.use(instruction.a);
    locations_.load(Gpr::rax, a, size);
    if (a.is_register()) locations_.unlock(a.reg);
    const Gpr divisor = locations_.in_register(instruction.b);
    Label by_zero, by_minus_one, done;
    hot_.test(size, divisor, divisor);
    hot_.jcc_short(Condition::e, by_zero);
    if (is_signed) {
        hot_.cmp(size, divisor, -1);
        hot_.jcc_short(Condition::e, by_minus_one);
        hot_.sign_into_rdx(size);
        hot_.idiv(size, divisor);
    } else {
        hot_.xor_(Size::dword, Gpr::rdx, Gpr::rdx);
        hot_.div(size, divisor);
    }
    hot_.jmp_short(done);
    if (is_signed) {
        hot_.bind(by_minus_one);
        hot_.neg(size, Gpr::rax);
        hot_.xor_(Size::dword, Gpr::rdx, Gpr::rdx);
        hot_.jmp_short(done);
    }
    hot_.bind(by_zero);
    hot_.mov(size, Gpr::rdx, Gpr::rax);
    hot_.mov(size, Gpr::rax, -1);
    hot_.bind(done);
    locations_.define_in(remainder ? Gpr::rdx : Gpr::rax);
}

} // namespace orrery::jit::baseline
