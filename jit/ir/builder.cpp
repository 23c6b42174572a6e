#include "jit/ir/builder.hpp"

#include "jit/ir/evaluate.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::ir {

void Builder::begin(BlockKey key) {
    block_ = {};
    block_.key = key;
    block_.instructions.reserve(64);
    forget_slots();
}

void Builder::insn(u64 pc, u32 length_bytes) {
    append({.op = Op::insn, .aux = static_cast<u16>(length_bytes), .imm = pc});
    ++block_.guest_instructions;
    block_.guest_bytes += length_bytes;
}

Value Builder::append(Instruction instruction) {
    ORRERY_ASSERT(block_.instructions.size() < max_instructions, "a frontend ends its block while has_room()");
    block_.instructions.push_back(instruction);
    return static_cast<Value>(block_.instructions.size() - 1);
}

std::optional<u64> Builder::constant_of(Value value) const {
    const Instruction& instruction = block_.instructions[value];
    if (instruction.op != Op::constant) return std::nullopt;
    return instruction.imm;
}

Value Builder::constant(u64 value) { return append({.op = Op::constant, .imm = value}); }

Value Builder::get(u16 slot) {
    if (known_[slot] == no_value) known_[slot] = append({.op = Op::get, .imm = slot});
    return known_[slot];
}

void Builder::put(u16 slot, Value value) {
    append({.op = Op::put, .a = value, .imm = slot});
    known_[slot] = value;
}

Value Builder::unary(Op op, Value a, Type type) {
    if (const auto constant_a = constant_of(a)) return constant(evaluate(op, type, *constant_a));
    return append({.op = op, .type = type, .a = a});
}

Value Builder::binary(Op op, Value a, Value b, Type type) {
    const auto constant_a = constant_of(a), constant_b = constant_of(b);
    if (constant_a && constant_b) return constant(evaluate(op, type, *constant_a, *constant_b));
    if (constant_b && *constant_b == 0 && type == Type::i64 &&
        (op == Op::add || op == Op::sub || op == Op::or_ || op == Op::xor_ || op == Op::shl || op == Op::shr ||
         op == Op::sar))
        return a;
    if (constant_a && *constant_a == 0 && type == Type::i64 && (op == Op::add || op == Op::or_ || op == Op::xor_))
        return b;
    return append({.op = op, .type = type, .a = a, .b = b});
}

Value Builder::compare(Condition condition, Value a, Value b, Type type) {
    const auto constant_a = constant_of(a), constant_b = constant_of(b);
    if (constant_a && constant_b) return constant(evaluate(condition, type, *constant_a, *constant_b) ? 1 : 0);
    return append({.op = Op::compare, .type = type, .aux = static_cast<u16>(condition), .a = a, .b = b});
}

Value Builder::select(Value condition, Value if_nonzero, Value if_zero) {
    if (const auto known = constant_of(condition)) return *known != 0 ? if_nonzero : if_zero;
    return append({.op = Op::select, .a = condition, .b = if_nonzero, .c = if_zero});
}

Value Builder::load(MemoryAccess access, Value address, i64 offset) {
    return append({.op = Op::load, .aux = access.pack(), .a = address, .imm = static_cast<u64>(offset)});
}

void Builder::store(MemoryAccess access, Value address, i64 offset, Value value) {
    append({.op = Op::store, .aux = access.pack(), .a = address, .b = value, .imm = static_cast<u64>(offset)});
}

Value Builder::amo(MemoryAccess access, Value address, Value value) {
    return append({.op = Op::amo, .aux = access.pack(), .a = address, .b = value});
}

Value Builder::load_reserved(MemoryAccess access, Value address) {
    return append({.op = Op::load_reserved, .aux = access.pack(), .a = address});
}

Value Builder::store_conditional(MemoryAccess access, Value address, Value value) {
    return append({.op = Op::store_conditional, .aux = access.pack(), .a = address, .b = value});
}

void Builder::fence() { append({.op = Op::fence}); }

Value Builder::call(u16 helper, bool writes_slots, Value a, Value b, Value c) {
    const Value result = append({.op = Op::call, .a = a, .b = b, .c = c, .imm = helper});
    if (writes_slots) forget_slots();
    return result;
}

void Builder::end(Terminal terminal) { block_.terminal = terminal; }

} // namespace orrery::ir
