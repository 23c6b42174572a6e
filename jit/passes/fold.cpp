#include "jit/passes/fold.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "jit/ir/evaluate.hpp"
#include "jit/passes/operands.hpp"
#include "jit/passes/significant_bits.hpp"

namespace orrery::passes {
namespace {

using ir::Condition;
using ir::Instruction;
using ir::Op;
using ir::Type;
using ir::Value;

constexpr u64 ones = ~u64{0};

bool commutes(Op op) { return op == Op::add || op == Op::and_ || op == Op::or_ || op == Op::xor_ || op == Op::mul; }

bool shifts(Op op) { return op == Op::shl || op == Op::shr || op == Op::sar || op == Op::rotl || op == Op::rotr; }

// The zero extension that `and` with this mask is.
std::optional<Op> extension_of_mask(u64 mask) {
    if (mask == 0xff) return Op::zext8;
    if (mask == 0xffff) return Op::zext16;
    if (mask == 0xffff'ffff) return Op::zext32;
    return std::nullopt;
}

// The extension that a shift to the left and back by this many bits is.
std::optional<Op> extension_of_shifts(u64 count, bool sign) {
    if (count == 56) return sign ? Op::sext8 : Op::zext8;
    if (count == 48) return sign ? Op::sext16 : Op::zext16;
    if (count == 32) return sign ? Op::sext32 : Op::zext32;
    return std::nullopt;
}

// How many bits an extension keeps; 0 for any other operation.
u32 extended_bits(Op op) {
    switch (op) {
    case Op::sext8:
    case Op::zext8:
        return 8;
    case Op::sext16:
    case Op::zext16:
        return 16;
    case Op::sext32:
    case Op::zext32:
        return 32;
    default:
        return 0;
    }
}

class Folder {
public:
    explicit Folder(ir::Block& block) : block_(block), same_as_(block.instructions.size()) {}

    void run() {
        const auto replace = [&](Value& value) { value = same_as_[value]; };
        for (std::size_t i = 0; i < same_as_.size(); ++i) {
            current_ = same_as_[i] = static_cast<Value>(i);
            Instruction& instruction = block_.instructions[i];
            for_each_operand(instruction, replace);
            if (effects(instruction.op) == ir::Effects::pure) simplify(instruction);
        }
        for_each_operand(block_.terminal, replace);
        if (const auto* branch = std::get_if<ir::Branch>(&block_.terminal)) decide(*branch);
    }

private:
    [[nodiscard]] const Instruction& at(Value value) const { return block_.instructions[value]; }
    [[nodiscard]] std::optional<u64> constant(Value value) const {
        return at(value).op == Op::constant ? std::optional(at(value).imm) : std::nullopt;
    }
    [[nodiscard]] bool is_bool(Value value) const { return unsigned_bits(block_, value) == 1; }

    // What an instruction can become.
    static void become(Instruction& i, u64 value) { i = {.op = Op::constant, .imm = value}; }
    static void become(Instruction& i, Op unary, Value a) { i = {.op = unary, .a = a}; }
    void become_value(Value value) { same_as_[current_] = value; }
    void become_low(Instruction& i, Value value) {
        if (i.type == Type::i64)
            become_value(value);
        else
            extend(i, Op::zext32, value);
    }

    void simplify(Instruction& i) {
        switch (operand_count(i.op)) {
        case 1:
            unary(i);
            break;
        case 2:
            i.op == Op::compare ? compare(i) : binary(i);
            break;
        case 3:
            select(i);
            break;
        default:
            break;
        }
    }

    void unary(Instruction& i) {
        if (const auto a = constant(i.a))
            become(i, ir::evaluate(i.op, i.type, *a));
        else if (extended_bits(i.op) != 0)
            extend(i, i.op, i.a);
    }

    // An extension of what is extended already, or of a wider extension.
    void extend(Instruction& i, Op op, Value a) {
        const u32 bits = extended_bits(op);
        const bool sign = op == Op::sext8 || op == Op::sext16 || op == Op::sext32;
        become(i, op, a);
        if ((sign ? signed_bits(block_, a) : unsigned_bits(block_, a)) <= bits)
            become_value(a);
        else if (extended_bits(at(a).op) >= bits)
            i.a = at(a).a;
    }

    void binary(Instruction& i) {
        auto a = constant(i.a), b = constant(i.b);
        if (a && b) return become(i, ir::evaluate(i.op, i.type, *a, *b));
        if (a && commutes(i.op)) {
            std::swap(i.a, i.b);
            std::swap(a, b);
        }
        if (b)
            with_constant(i, shifts(i.op) ? *b & (ir::width_bits(i.type) - 1) : ir::low(i.type, *b));
        else if (i.a == i.b)
            with_itself(i);
    }

    void with_itself(Instruction& i) {
        if (i.op == Op::sub || i.op == Op::xor_ || i.op == Op::andn)
            become(i, 0);
        else if (i.op == Op::and_ || i.op == Op::or_)
            become_low(i, i.a);
    }

    void with_constant(Instruction& i, u64 b) {
        const u64 all = ir::low(i.type, ones);
        switch (i.op) {
        case Op::and_:
            return mask(i, b);
        case Op::mul:
            if (b == 0)
                become(i, 0);
            else if (b == 1)
                become_low(i, i.a);
            return;
        case Op::or_:
            if (b == all)
                become(i, all);
            else if (b == 0)
                become_low(i, i.a);
            return;
        case Op::xor_:
            if (b == 0)
                become_low(i, i.a);
            else if (b == 1 && at(i.a).op == Op::compare)
                negate(i);
            return;
        case Op::add:
        case Op::sub:
        case Op::shl:
        case Op::rotl:
        case Op::rotr:
            if (b == 0) become_low(i, i.a);
            return;
        case Op::andn:
            if (b == 0)
                become_low(i, i.a);
            else if (b == all)
                become(i, 0);
            return;
        case Op::shr:
            return shift_right(i, b, false);
        case Op::sar:
            return shift_right(i, b, true);
        default:
            return;
        }
    }

    void mask(Instruction& i, u64 b) {
        const u32 bits = unsigned_bits(block_, i.a);
        if (b == 0)
            become(i, 0);
        else if (b == ones || (bits < 64 && (~b & ((u64{1} << bits) - 1)) == 0))
            become_value(i.a);
        else if (const auto op = extension_of_mask(b))
            extend(i, *op, i.a);
    }

    void shift_right(Instruction& i, u64 count, bool sign) {
        const Instruction& left = at(i.a);
        if (count == 0) {
            // An i32 sar by nothing yields the low word like any i32 operation.
            become_low(i, i.a);
        } else if (i.type == Type::i64 && left.op == Op::shl && left.type == Type::i64 &&
                   constant(left.b) == std::optional(count)) {
            if (const auto op = extension_of_shifts(count, sign)) extend(i, *op, left.a);
        }
    }

    // The comparison in `a`, the other way round.
    void negate(Instruction& i) {
        i = at(i.a);
        i.aux = static_cast<u16>(ir::negate(static_cast<Condition>(i.aux)));
    }

    void compare(Instruction& i) {
        const auto condition = static_cast<Condition>(i.aux);
        const auto a = constant(i.a), b = constant(i.b);
        if (a && b) return become(i, ir::evaluate(condition, i.type, *a, *b));
        if (i.a == i.b) return become(i, ir::evaluate(condition, i.type, 0, 0));
        if (!b || ir::low(i.type, *b) != 0) return;
        if (condition == Condition::ltu)
            become(i, 0);
        else if (condition == Condition::geu)
            become(i, 1);
        else if (condition == Condition::ne && is_bool(i.a))
            become_value(i.a);
        else if (condition == Condition::eq && at(i.a).op == Op::compare)
            negate(i);
    }

    void select(Instruction& i) {
        if (const auto condition = constant(i.a)) return become_value(*condition != 0 ? i.b : i.c);
        if (i.b == i.c) return become_value(i.b);
        const Instruction& condition = at(i.a);
        const bool against_zero = condition.op == Op::compare && condition.type == Type::i64 &&
                                  constant(condition.b) == std::optional<u64>(0);
        if (!against_zero) return;
        if (condition.aux == static_cast<u16>(Condition::ne)) {
            i.a = condition.a;
        } else if (condition.aux == static_cast<u16>(Condition::eq)) {
            i.a = condition.a;
            std::swap(i.b, i.c);
        }
    }

    void decide(const ir::Branch& branch) {
        const auto a = constant(branch.a), b = constant(branch.b);
        if (!(a && b) && branch.a != branch.b) return;
        const bool taken = a && b ? ir::evaluate(branch.condition, branch.type, *a, *b)
                                  : ir::evaluate(branch.condition, branch.type, 0, 0);
        block_.terminal = ir::Goto{.pc = taken ? branch.taken_pc : branch.not_taken_pc};
    }

    ir::Block& block_;
    std::vector<Value> same_as_; // the value that stands for each from now on
    Value current_ = 0;
};

} // namespace

void fold(ir::Block& block) { Folder(block).run(); }

} // namespace orrery::passes
