// What the pure operations compute, against the same said another way: in 128-bit arithmetic, or bit by bit.
#include <random>

#include "jit/ir/evaluate.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using ir::Op;
using ir::Type;

namespace {

const std::vector<u64>& numbers() {
    static const std::vector<u64> all = [] {
        std::vector<u64> list{0, 1, 2, 3, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff};
        for (const u32 bit : {30u, 31u, 32u, 62u, 63u})
            for (const u64 by : {u64{0}, ~u64{0}, u64{1}}) list.push_back((u64{1} << bit) + by);
        for (const u64 value : std::vector<u64>(list)) list.push_back(~value);
        std::mt19937_64 random(1);
        for (int i = 0; i < 20; ++i) list.push_back(random() >> (random() % 64));
        return list;
    }();
    return all;
}

constexpr i128 one = 1;

i128 modulus(Type type) { return one << (type == Type::i32 ? 32 : 64); }
// An operand's value as mathematics has it.
i128 natural(Type type, u64 value) { return static_cast<i128>(value) % modulus(type); }
i128 integer(Type type, u64 value) {
    const i128 x = natural(type, value);
    return x >= modulus(type) / 2 ? x - modulus(type) : x;
}
// A mathematical result as a register holds it.
u64 wrapped(Type type, i128 value) {
    i128 rest = value % modulus(type);
    if (rest < 0) rest += modulus(type);
    return static_cast<u64>(rest);
}
i128 power(u64 exponent) { return one << exponent; }
i128 floor_divide(i128 a, i128 b) { return (a - (((a % b) + b) % b)) / b; }

i128 exact(Op op, Type type, u64 a, u64 b) {
    const i128 x = natural(type, a), y = natural(type, b);
    const i128 sx = integer(type, a), sy = integer(type, b);
    const u64 width = type == Type::i32 ? 32 : 64;
    const u64 count = b % width;
    switch (op) {
    case Op::add:
        return x + y;
    case Op::sub:
        return x - y;
    case Op::mul:
        return sx * sy;
    case Op::shr:
        return x / power(count);
    case Op::sar:
        return floor_divide(sx, power(count));
    case Op::divs:
        return sy == 0 ? -1 : sx / sy;
    case Op::divu:
        return y == 0 ? -1 : x / y;
    case Op::rems:
        return sy == 0 ? sx : sx - (sx / sy) * sy;
    case Op::remu:
        return y == 0 ? x : x - (x / y) * y;
    default:
        return 0;
    }
}

bool bit(u64 value, u64 index) { return (value >> index & 1) != 0; }

// Whether bit `index` of the result is set, from the operands' bits.
bool bit_of(Op op, u64 width, u64 a, u64 b, u64 index) {
    const u64 count = b % width;
    switch (op) {
    case Op::and_:
        return bit(a, index) && bit(b, index);
    case Op::or_:
        return bit(a, index) || bit(b, index);
    case Op::xor_:
        return bit(a, index) != bit(b, index);
    case Op::andn:
        return bit(a, index) && !bit(b, index);
    case Op::shl:
        return index >= count && bit(a, index - count);
    case Op::rotl:
        return bit(a, (index + width - count) % width);
    case Op::rotr:
        return bit(a, (index + count) % width);
    default:
        return false;
    }
}

} // namespace

TEST_CASE("arithmetic and right shifts are what 128 bits give, cut to the type") {
    const Op op = GENERATE(Op::add, Op::sub, Op::mul, Op::shr, Op::sar, Op::divs, Op::divu, Op::rems, Op::remu);
    const Type type = GENERATE(Type::i32, Type::i64);
    for (const u64 a : numbers()) {
        for (const u64 b : numbers()) {
            INFO(ir::info(op).name << " " << a << ", " << b);
            REQUIRE(ir::evaluate(op, type, a, b) == wrapped(type, exact(op, type, a, b)));
        }
    }
}

TEST_CASE("bitwise operations, left shifts and rotates move the bits they should, and clear what is above the type") {
    const Op op = GENERATE(Op::and_, Op::or_, Op::xor_, Op::andn, Op::shl, Op::rotl, Op::rotr);
    const Type type = GENERATE(Type::i32, Type::i64);
    const u64 width = type == Type::i32 ? 32 : 64;
    for (const u64 a : numbers()) {
        for (const u64 b : numbers()) {
            u64 expected = 0;
            for (u64 i = 0; i < width; ++i) expected |= u64{bit_of(op, width, a, b, i)} << i;
            INFO(ir::info(op).name << " " << a << ", " << b);
            REQUIRE(ir::evaluate(op, type, a, b) == expected);
        }
    }
}

TEST_CASE("the high half of a product is what multiplying half words by hand gives") {
    for (const u64 a : numbers()) {
        for (const u64 b : numbers()) {
            const u64 a0 = a & 0xffff'ffff, a1 = a >> 32, b0 = b & 0xffff'ffff, b1 = b >> 32;
            const u64 middle = a1 * b0 + (a0 * b0 >> 32);
            const u64 high = a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffff'ffff)) >> 32);
            const u64 minus_b = bit(a, 63) ? b : 0, minus_a = bit(b, 63) ? a : 0;
            REQUIRE(ir::evaluate(Op::mulhu, Type::i64, a, b) == high);
            REQUIRE(ir::evaluate(Op::mulhs, Type::i64, a, b) == high - minus_b - minus_a);
            REQUIRE(ir::evaluate(Op::mulhsu, Type::i64, a, b) == high - minus_b);
        }
    }
}

TEST_CASE("conditions compare as numbers do, and each is the opposite of its negation") {
    using ir::Condition;
    const Type type = GENERATE(Type::i32, Type::i64);
    for (const u64 a : numbers()) {
        for (const u64 b : numbers()) {
            REQUIRE(ir::evaluate(Condition::eq, type, a, b) == (natural(type, a) == natural(type, b)));
            REQUIRE(ir::evaluate(Condition::lt, type, a, b) == (integer(type, a) < integer(type, b)));
            REQUIRE(ir::evaluate(Condition::ltu, type, a, b) == (natural(type, a) < natural(type, b)));
            for (const Condition each : {Condition::eq, Condition::lt, Condition::ltu, Condition::ne})
                REQUIRE(ir::evaluate(each, type, a, b) != ir::evaluate(ir::negate(each), type, a, b));
        }
    }
}

TEST_CASE("counting and reversing look at the bits of the type only") {
    const Type type = GENERATE(Type::i32, Type::i64);
    const u64 width = type == Type::i32 ? 32 : 64;
    for (const u64 a : numbers()) {
        u64 leading = 0, trailing = 0, set = 0, reversed = 0;
        while (leading < width && !bit(a, width - 1 - leading)) ++leading;
        while (trailing < width && !bit(a, trailing)) ++trailing;
        for (u64 i = 0; i < width; ++i) set += bit(a, i) ? 1 : 0;
        for (u64 i = 0; i < width; i += 8) reversed = reversed << 8 | (a >> i & 0xff);
        REQUIRE(ir::evaluate(Op::clz, type, a) == leading);
        REQUIRE(ir::evaluate(Op::ctz, type, a) == trailing);
        REQUIRE(ir::evaluate(Op::popcount, type, a) == set);
        REQUIRE(ir::evaluate(Op::bswap, type, a) == reversed);
    }
}

TEST_CASE("extensions keep the low bits and fill the rest") {
    struct Row {
        Op sign, zero;
        u32 bits;
    };
    const Row row =
        GENERATE(Row{Op::sext8, Op::zext8, 8}, Row{Op::sext16, Op::zext16, 16}, Row{Op::sext32, Op::zext32, 32});
    for (const u64 a : numbers()) {
        const i128 rest = static_cast<i128>(a) % power(row.bits);
        const i128 number = rest >= power(row.bits - 1) ? rest - power(row.bits) : rest;
        REQUIRE(ir::evaluate(row.zero, Type::i64, a) == static_cast<u64>(rest));
        REQUIRE(ir::evaluate(row.sign, Type::i64, a) == wrapped(Type::i64, number));
    }
}
