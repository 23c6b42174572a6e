// Every operation in every type, with operands and results wherever they can be, on the values where things go wrong.
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/harness.hpp"

using namespace orrery;
using namespace orrery::test;
using ir::Op;
using ir::Type;

namespace {

constexpr u64 edges[] = {0,
                         1,
                         2,
                         31,
                         32,
                         33,
                         63,
                         64,
                         0x7f,
                         0x80,
                         0xff,
                         0x7fff,
                         0x8000,
                         0xffff,
                         0x7fff'ffff,
                         0x8000'0000,
                         0xffff'ffff,
                         u64{1} << 32,
                         ~u64{0} >> 1,
                         u64{1} << 63,
                         ~u64{0},
                         ~u64{0} - 1,
                         0x1234'5678'9abc'def0,
                         0xffff'ffff'8000'0000};

enum class Kind : u8 { constant, pinned, memory, temporary };
constexpr Kind kinds[] = {Kind::constant, Kind::pinned, Kind::memory, Kind::temporary};

constexpr Op binary_ops[] = {Op::add,    Op::sub,  Op::and_, Op::or_,  Op::xor_, Op::andn,  Op::shl,
                             Op::shr,    Op::sar,  Op::rotl, Op::rotr, Op::mul,  Op::mulhs, Op::mulhu,
                             Op::mulhsu, Op::divs, Op::divu, Op::rems, Op::remu};
constexpr Op unary_ops[] = {Op::clz,    Op::ctz,    Op::popcount, Op::bswap,  Op::sext8,
                            Op::sext16, Op::sext32, Op::zext8,    Op::zext16, Op::zext32};

struct Operands {
    Kind kind_a, kind_b;
    u64 a, b;
};

constexpr u16 pinned_a = 3, pinned_b = 4, memory_a = 30, memory_b = 31;

// Appended as they stand, since the builder would fold them.
class Raw {
public:
    Raw() {
        block.key = {.pc = block_pc, .mode = 0};
        block.terminal = ir::Leave{block_pc + 4};
        append({.op = Op::insn, .aux = 4, .imm = block_pc});
        block.guest_instructions = 1;
        block.guest_bytes = 4;
    }
    ir::Value append(const ir::Instruction& instruction) {
        block.instructions.push_back(instruction);
        return static_cast<ir::Value>(block.instructions.size() - 1);
    }
    ir::Value operand(Kind kind, u64 value, u16 pinned, u16 memory) {
        switch (kind) {
        case Kind::constant:
            return append({.op = Op::constant, .imm = value});
        case Kind::pinned:
            return append({.op = Op::get, .imm = pinned});
        case Kind::memory:
            return append({.op = Op::get, .imm = memory});
        case Kind::temporary:
            break;
        }
        const ir::Value low = append({.op = Op::get, .imm = pinned});
        const ir::Value zero = append({.op = Op::get, .imm = 9});
        return append({.op = Op::xor_, .a = low, .b = zero});
    }
    ir::Block block;
};

// The result goes to `to`; with `reuse`, operands are looked at afterwards.
void check(Comparison& comparison, ir::Instruction operation, const Operands& operands, bool same, u16 to, bool reuse) {
    Raw raw;
    operation.a = raw.operand(operands.kind_a, operands.a, pinned_a, memory_a);
    if (ir::info(operation.op).operands > 1)
        operation.b = same ? operation.a : raw.operand(operands.kind_b, operands.b, pinned_b, memory_b);
    const ir::Value result = raw.append(operation);
    raw.append({.op = Op::put, .a = result, .imm = to});
    if (reuse) {
        raw.append({.op = Op::put, .a = operation.a, .imm = 12});
        if (operation.b != ir::no_value) raw.append({.op = Op::put, .a = operation.b, .imm = 35});
        raw.append({.op = Op::put, .a = result, .imm = 36});
    }
    comparison.set_slot(pinned_a, operands.a);
    comparison.set_slot(memory_a, operands.a);
    comparison.set_slot(pinned_b, operands.b);
    comparison.set_slot(memory_b, operands.b);
    comparison.set_slot(9, 0);
    const std::string differences = comparison.run(raw.block);
    if (differences.empty()) return;
    INFO(describe(raw.block) << std::hex << "a " << operands.a << " b " << operands.b << "\n" << differences);
    CHECK(differences.empty());
}

bool has_type(Op op, Type type) {
    if (type == Type::i64) return true;
    return !(op >= Op::mulhs && op <= Op::mulhsu) && !(op >= Op::sext8 && op <= Op::zext32);
}

void check_places(Comparison& comparison, const ir::Instruction& operation) {
    u32 turn = 0;
    for (const Kind kind_a : kinds)
        for (const Kind kind_b : kinds)
            for (const u16 to : {u16{5}, pinned_a, pinned_b, u16{33}, memory_a})
                for (const bool reuse : {false, true})
                    for (u32 i = 0; i < 3; ++i, turn += 5) {
                        const u64 a = edges[turn % std::size(edges)], b = edges[turn * 7 / 3 % std::size(edges)];
                        check(comparison, operation, {kind_a, kind_b, a, b}, i == 2, to, reuse);
                    }
}

void check_edges(Comparison& comparison, const ir::Instruction& operation) {
    for (const u64 a : edges)
        for (const u64 b : edges) {
            check(comparison, operation, {Kind::pinned, Kind::pinned, a, b}, false, 5, false);
            check(comparison, operation, {Kind::pinned, Kind::constant, a, b}, false, 5, false);
        }
}

} // namespace

TEST_CASE("every two-operand operation does what the interpreter does, wherever its operands are") {
    Comparison comparison;
    comparison.reset(1);
    for (const Op op : binary_ops)
        for (const Type type : {Type::i32, Type::i64}) {
            if (!has_type(op, type)) continue;
            check_places(comparison, {.op = op, .type = type});
            check_edges(comparison, {.op = op, .type = type});
        }
}

TEST_CASE("every one-operand operation does what the interpreter does, wherever its operand is") {
    Comparison comparison;
    comparison.reset(2);
    for (const Op op : unary_ops)
        for (const Type type : {Type::i32, Type::i64}) {
            if (!has_type(op, type)) continue;
            check_places(comparison, {.op = op, .type = type});
            for (const u64 a : edges)
                check(comparison, {.op = op, .type = type}, {Kind::pinned, Kind::pinned, a, 0}, false, 5, false);
        }
}

TEST_CASE("every comparison does what the interpreter does, wherever its operands are") {
    Comparison comparison;
    comparison.reset(3);
    for (u16 condition = 0; condition < 6; ++condition)
        for (const Type type : {Type::i32, Type::i64}) {
            check_places(comparison, {.op = Op::compare, .type = type, .aux = condition});
            check_edges(comparison, {.op = Op::compare, .type = type, .aux = condition});
        }
}

TEST_CASE("a branch takes the side that the interpreter takes") {
    Comparison comparison;
    comparison.reset(4);
    for (u16 condition = 0; condition < 6; ++condition)
        for (const Type type : {Type::i32, Type::i64})
            for (const Kind kind_b : kinds)
                for (const u64 a : edges)
                    for (const u64 b : {u64{0}, u64{1}, ~u64{0}, u64{0x8000'0000}, u64{1} << 63}) {
                        Raw raw;
                        const ir::Value left = raw.operand(Kind::pinned, a, pinned_a, memory_a);
                        const ir::Value right = raw.operand(kind_b, b, pinned_b, memory_b);
                        raw.block.terminal = ir::Branch{
                            static_cast<ir::Condition>(condition), type, left, right, block_pc + 64, block_pc + 4};
                        comparison.set_slot(pinned_a, a);
                        comparison.set_slot(pinned_b, b);
                        comparison.set_slot(memory_b, b);
                        comparison.set_slot(9, 0);
                        const std::string differences = comparison.run(raw.block);
                        if (!differences.empty()) FAIL(describe(raw.block) << differences);
                    }
}
