#include "app/gdb/agent_expression.hpp"

#include <array>
#include <vector>

namespace orrery::app::gdb {
namespace {

constexpr u32 step_limit = 20'000;
constexpr std::size_t stack_limit = 256;

// gdb's manual, "Bytecode Descriptions". What isn't here needs trace buffers, trace variables or floating point.
enum Code : u8 {
    code_add = 0x02,
    code_subtract = 0x03,
    code_multiply = 0x04,
    code_divide_signed = 0x05,
    code_divide_unsigned = 0x06,
    code_remainder_signed = 0x07,
    code_remainder_unsigned = 0x08,
    code_shift_left = 0x09,
    code_shift_right_signed = 0x0a,
    code_shift_right_unsigned = 0x0b,
    code_logical_not = 0x0e,
    code_and = 0x0f,
    code_or = 0x10,
    code_xor = 0x11,
    code_not = 0x12,
    code_equal = 0x13,
    code_less_signed = 0x14,
    code_less_unsigned = 0x15,
    code_sign_extend = 0x16,
    code_load_8 = 0x17,
    code_load_64 = 0x1a,
    code_branch_if = 0x20,
    code_branch = 0x21,
    code_constant_8 = 0x22,
    code_constant_64 = 0x25,
    code_register = 0x26,
    code_end = 0x27,
    code_duplicate = 0x28,
    code_pop = 0x29,
    code_zero_extend = 0x2a,
    code_swap = 0x2b,
    code_pick = 0x32,
    code_rotate = 0x33,
};

class Evaluator {
public:
    Evaluator(std::span<const u8> code, AgentMachine& machine) : code_(code), machine_(machine) {}
    Result<u64> run();

private:
    Status step(u8 code);
    Status binary(u8 code);
    Status divide(u8 code, u64 left, u64 right);
    Status load(u32 size_bytes);
    Status extend(bool with_sign);
    Status branch(bool conditional);
    Status pick();
    Status rearrange(u8 code);

    Result<u64> operand(u32 size_bytes); // most significant byte first
    Result<u64> pop();
    Status push(u64 value);

    std::span<const u8> code_;
    AgentMachine& machine_;
    std::size_t position_ = 0;
    std::vector<u64> stack_;
};

Result<u64> Evaluator::operand(u32 size_bytes) {
    if (code_.size() - position_ < size_bytes) return error("the expression ends within an instruction");
    u64 value = 0;
    for (u32 byte = 0; byte < size_bytes; ++byte) value = value << 8 | code_[position_++];
    return value;
}

Result<u64> Evaluator::pop() {
    if (stack_.empty()) return error("the expression takes more from its stack than there is");
    const u64 value = stack_.back();
    stack_.pop_back();
    return value;
}

Status Evaluator::push(u64 value) {
    if (stack_.size() >= stack_limit) return error("the expression needs more than {} stack entries", stack_limit);
    stack_.push_back(value);
    return {};
}

Status Evaluator::divide(u8 code, u64 left, u64 right) {
    if (right == 0) return error("the expression divides by zero");
    const auto signed_left = static_cast<i64>(left);
    const auto signed_right = static_cast<i64>(right);
    const bool overflows = signed_right == -1; // then -left, in two's complement, and no remainder
    switch (code) {
    case code_divide_signed:
        return push(overflows ? 0 - left : static_cast<u64>(signed_left / signed_right));
    case code_divide_unsigned:
        return push(left / right);
    case code_remainder_signed:
        return push(overflows ? 0 : static_cast<u64>(signed_left % signed_right));
    default:
        return push(left % right);
    }
}

Status Evaluator::binary(u8 code) {
    const u64 right = TRY(pop());
    const u64 left = TRY(pop());
    const bool too_far = right >= 64;
    switch (code) {
    case code_add:
        return push(left + right);
    case code_subtract:
        return push(left - right);
    case code_multiply:
        return push(left * right);
    case code_divide_signed:
    case code_divide_unsigned:
    case code_remainder_signed:
    case code_remainder_unsigned:
        return divide(code, left, right);
    case code_shift_left:
        return push(too_far ? 0 : left << right);
    case code_shift_right_signed:
        return push(static_cast<u64>(static_cast<i64>(left) >> (too_far ? 63 : right)));
    case code_shift_right_unsigned:
        return push(too_far ? 0 : left >> right);
    case code_and:
        return push(left & right);
    case code_or:
        return push(left | right);
    case code_xor:
        return push(left ^ right);
    case code_equal:
        return push(left == right);
    case code_less_signed:
        return push(static_cast<i64>(left) < static_cast<i64>(right));
    default:
        return push(left < right);
    }
}

Status Evaluator::load(u32 size_bytes) {
    const u64 address = TRY(pop());
    std::array<u8, 8> bytes{};
    if (!machine_.read_memory(address, std::span(bytes).first(size_bytes)))
        return error("the expression reads memory at {:#x}, where there is none", address);
    u64 value = 0;
    for (u32 byte = size_bytes; byte-- > 0;) value = value << 8 | bytes[byte];
    return push(value);
}

Status Evaluator::extend(bool with_sign) {
    const u64 bits = TRY(operand(1));
    const u64 value = TRY(pop());
    if (bits == 0 || bits > 64) return error("the expression extends from {} bits", bits);
    const u64 unused = 64 - bits;
    const u64 high = value << unused;
    return push(with_sign ? static_cast<u64>(static_cast<i64>(high) >> unused) : high >> unused);
}

Status Evaluator::branch(bool conditional) {
    const u64 to = TRY(operand(2));
    if (conditional && TRY(pop()) == 0) return {};
    if (to >= code_.size()) return error("the expression branches out of itself");
    position_ = to;
    return {};
}

Status Evaluator::pick() {
    const u64 depth = TRY(operand(1));
    if (depth >= stack_.size()) return error("the expression takes more from its stack than there is");
    return push(stack_[stack_.size() - 1 - depth]);
}

Status Evaluator::rearrange(u8 code) {
    const u64 top = TRY(pop());
    if (code == code_duplicate) {
        TRY_STATUS(push(top));
        return push(top);
    }
    const u64 second = TRY(pop());
    if (code == code_swap) {
        TRY_STATUS(push(top));
        return push(second);
    }
    const u64 third = TRY(pop()); // a b c becomes c a b
    TRY_STATUS(push(top));
    TRY_STATUS(push(third));
    return push(second);
}

Status Evaluator::step(u8 code) {
    switch (code) {
    case code_logical_not:
        return push(TRY(pop()) == 0);
    case code_not:
        return push(~TRY(pop()));
    case code_sign_extend:
        return extend(true);
    case code_zero_extend:
        return extend(false);
    case code_branch_if:
        return branch(true);
    case code_branch:
        return branch(false);
    case code_duplicate:
    case code_swap:
    case code_rotate:
        return rearrange(code);
    case code_pick:
        return pick();
    case code_pop: {
        TRY(pop());
        return {};
    }
    case code_register: {
        const u64 number = TRY(operand(2));
        const std::optional<u64> value = machine_.register_value(static_cast<u32>(number));
        if (!value) return error("the expression names register {}, which the CPU doesn't have", number);
        return push(*value);
    }
    default:
        break;
    }
    if (code >= code_load_8 && code <= code_load_64) return load(1U << (code - code_load_8));
    if (code >= code_constant_8 && code <= code_constant_64) return push(TRY(operand(1U << (code - code_constant_8))));
    if ((code >= code_add && code <= code_shift_right_unsigned) || (code >= code_and && code <= code_or) ||
        code == code_xor || (code >= code_equal && code <= code_less_unsigned))
        return binary(code);
    return error("the expression has instruction {:#04x}, which isn't for conditions", code);
}

Result<u64> Evaluator::run() {
    for (u32 steps = 0; steps < step_limit; ++steps) {
        if (position_ >= code_.size()) return error("the expression has no end");
        const u8 code = code_[position_++];
        if (code == code_end) return pop();
        TRY_STATUS(step(code));
    }
    return error("the expression has not ended after {} instructions", step_limit);
}

} // namespace

Result<u64> evaluate_agent_expression(std::span<const u8> code, AgentMachine& machine) {
    return Evaluator(code, machine).run();
}

} // namespace orrery::app::gdb
