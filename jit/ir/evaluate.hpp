// What the pure operations compute: the one definition that constant folding, the interpreter and tests share.
#pragma once

#include <bit>

#include "jit/ir/ir.hpp"

namespace orrery::ir {

constexpr u64 low(Type type, u64 value) { return type == Type::i32 ? static_cast<u32>(value) : value; }
constexpr i64 as_signed(Type type, u64 value) {
    return type == Type::i32 ? static_cast<i64>(static_cast<i32>(value)) : static_cast<i64>(value);
}
constexpr u32 width_bits(Type type) { return type == Type::i32 ? 32 : 64; }

constexpr bool evaluate(Condition condition, Type type, u64 a, u64 b) {
    switch (condition) {
    case Condition::eq: return low(type, a) == low(type, b);
    case Condition::ne: return low(type, a) != low(type, b);
    case Condition::lt: return as_signed(type, a) < as_signed(type, b);
    case Condition::ge: return as_signed(type, a) >= as_signed(type, b);
    case Condition::ltu: return low(type, a) < low(type, b);
    case Condition::geu: return low(type, a) >= low(type, b);
    }
    return false;
}

constexpr u64 divide_signed(Type type, u64 a, u64 b) {
    const i64 x = as_signed(type, a), y = as_signed(type, b);
    if (y == 0) return low(type, ~u64{0});
    if (y == -1) return low(type, u64{0} - static_cast<u64>(x));
    return low(type, static_cast<u64>(x / y));
}

constexpr u64 remainder_signed(Type type, u64 a, u64 b) {
    const i64 x = as_signed(type, a), y = as_signed(type, b);
    if (y == 0) return low(type, a);
    if (y == -1) return 0;
    return low(type, static_cast<u64>(x % y));
}

// The two-operand operations. `type` says how many bits count.
constexpr u64 evaluate(Op op, Type type, u64 a, u64 b) {
    const u32 count = static_cast<u32>(b) & (width_bits(type) - 1);
    switch (op) {
    case Op::add: return low(type, a + b);
    case Op::sub: return low(type, a - b);
    case Op::and_: return low(type, a & b);
    case Op::or_: return low(type, a | b);
    case Op::xor_: return low(type, a ^ b);
    case Op::andn: return low(type, a & ~b);
    case Op::shl: return low(type, a << count);
    case Op::shr: return low(type, a) >> count;
    case Op::sar: return low(type, static_cast<u64>(as_signed(type, a) >> count));
    case Op::rotl:
        return type == Type::i32 ? std::rotl(static_cast<u32>(a), static_cast<int>(count))
                                 : std::rotl(a, static_cast<int>(count));
    case Op::rotr:
        return type == Type::i32 ? std::rotr(static_cast<u32>(a), static_cast<int>(count))
                                 : std::rotr(a, static_cast<int>(count));
    case Op::mul: return low(type, a * b);
    case Op::mulhs: return static_cast<u64>((static_cast<i128>(static_cast<i64>(a)) * static_cast<i64>(b)) >> 64);
    case Op::mulhu: return static_cast<u64>((static_cast<u128>(a) * b) >> 64);
    case Op::mulhsu:
        return static_cast<u64>((static_cast<i128>(static_cast<i64>(a)) * static_cast<i128>(static_cast<u128>(b))) >> 64);
    case Op::divs: return divide_signed(type, a, b);
    case Op::divu: return low(type, b) == 0 ? low(type, ~u64{0}) : low(type, a) / low(type, b);
    case Op::rems: return remainder_signed(type, a, b);
    case Op::remu: return low(type, b) == 0 ? low(type, a) : low(type, a) % low(type, b);
    default: return 0;
    }
}

// The one-operand operations.
constexpr u64 evaluate(Op op, Type type, u64 a) {
    switch (op) {
    case Op::clz:
        return static_cast<u64>(type == Type::i32 ? std::countl_zero(static_cast<u32>(a)) : std::countl_zero(a));
    case Op::ctz:
        return static_cast<u64>(type == Type::i32 ? std::countr_zero(static_cast<u32>(a)) : std::countr_zero(a));
    case Op::popcount: return static_cast<u64>(std::popcount(low(type, a)));
    case Op::bswap: return type == Type::i32 ? __builtin_bswap32(static_cast<u32>(a)) : __builtin_bswap64(a);
    case Op::sext8: return static_cast<u64>(static_cast<i64>(static_cast<i8>(a)));
    case Op::sext16: return static_cast<u64>(static_cast<i64>(static_cast<i16>(a)));
    case Op::sext32: return static_cast<u64>(static_cast<i64>(static_cast<i32>(a)));
    case Op::zext8: return static_cast<u8>(a);
    case Op::zext16: return static_cast<u16>(a);
    case Op::zext32: return static_cast<u32>(a);
    default: return 0;
    }
}

} // namespace orrery::ir
