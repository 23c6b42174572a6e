#include "jit/ir/builder.hpp"
#include "jit/ir/verify.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_guest.hpp"

using namespace orrery;
using ir::Op;

namespace {

// A block that is in order: 0 insn, 1 get, 2 compare, 3 load, 4 store, 5 call, 6 put.
ir::Block sound() {
    ir::Builder builder;
    builder.begin({0x1000, 0});
    builder.insn(0x1000, 4);
    const ir::Value x = builder.get(1);
    const ir::Value compared = builder.compare(ir::Condition::lt, x, x);
    const ir::Value loaded = builder.load({.size_log2 = 3}, x, 8);
    builder.store({.size_log2 = 2}, x, 0, loaded);
    builder.call(0, false, compared);
    builder.put(2, loaded);
    builder.end(ir::Branch{ir::Condition::eq, ir::Type::i64, x, loaded, 0x1000, 0x1004});
    return builder.take();
}

std::string problem(const ir::Block& block) {
    const auto status = ir::verify(block, test::SmallMachine::guest());
    return status ? "" : status.error().message();
}

template <typename Change> std::string problem_after(Change&& change) {
    ir::Block block = sound();
    change(block);
    return problem(block);
}
template <typename Change> std::string problem_of(std::size_t index, Change&& change) {
    return problem_after([&](ir::Block& block) { change(block.instructions[index]); });
}

} // namespace

TEST_CASE("a block that keeps the rules is accepted") { CHECK(problem(sound()).empty()); }

TEST_CASE("a block's operands have values before they are used") {
    CHECK(problem_of(2, [](auto& i) { i.b = 3; }) ==
          "instruction 2 (%2 = compare lt %1, %3) uses %3, which has no value yet");
    CHECK(problem_of(2, [](auto& i) { i.a = 0; }) ==
          "instruction 2 (%2 = compare lt %0, %1) uses %0, which has no value yet");
    CHECK(problem_of(6, [](auto& i) { i.a = 4; }) == "instruction 6 (put x2, %4) uses %4, which has no value yet");
    CHECK(problem_of(2, [](auto& i) { i.b = ir::no_value; }) ==
          "instruction 2 (%2 = compare lt %1, -) lacks an operand");
    CHECK(problem_of(1, [](auto& i) { i.a = 0; }) == "instruction 1 (%1 = get x1) has an operand too many, %0");
}

TEST_CASE("a block names slots and helpers that there are") {
    CHECK(problem_of(1, [](auto& i) { i.imm = 9; }) ==
          "instruction 1 (%1 = get ?9) names a slot that the guest hasn't");
    CHECK(problem_of(6, [](auto& i) { i.imm = ~u64{0}; }).ends_with("names a slot that the guest hasn't"));
    CHECK(problem_of(5, [](auto& i) { i.imm = 3; }).ends_with("names a helper that the guest hasn't"));
}

TEST_CASE("a block's types, conditions and accesses exist") {
    CHECK(problem_of(2, [](auto& i) { i.aux = 6; }) ==
          "instruction 2 (%2 = compare ? %1, %1) has an unknown condition");
    CHECK(problem_of(2, [](auto& i) { i.type = static_cast<ir::Type>(2); }).ends_with("has an unknown type"));
    CHECK(problem_of(1, [](auto& i) { i.type = ir::Type::i32; }).ends_with("exists in 64 bits only"));
    CHECK(problem_of(3, [](auto& i) { i.aux = 1 << 5; }).ends_with("has an impossible memory access"));
    CHECK(problem_of(3, [](auto& i) { i.aux = 9 << 8; }).ends_with("has an impossible memory access"));
    CHECK(problem_of(3, [](auto& i) { i.aux = 1 << 8; }).ends_with("names an atomic operation, which only amo has"));
    CHECK(problem_of(4, [](auto& i) { i.aux = 4; }).ends_with("sign-extends what it stores"));
    CHECK(problem_of(6, [](auto& i) { i.aux = 1; }).ends_with("has an aux, which means nothing here"));
    CHECK(problem_of(2, [](auto& i) { i.imm = 1; }).ends_with("has an immediate, which means nothing here"));
    CHECK(problem_of(6, [](auto& i) { i.op = static_cast<Op>(200); }) == "instruction 6 (?) is no operation");
    CHECK(problem_of(2, [](auto& i) {
              i = {.op = Op::mulhu, .type = ir::Type::i32, .a = 1, .b = 1};
          }).ends_with("exists in 64 bits only"));
}

TEST_CASE("a block's markers follow one another and agree with its counts") {
    CHECK(problem_of(0, [](auto& i) {
              i.imm = 0x1004;
          }).ends_with("should begin at 0x1000, where the one before it ends"));
    CHECK(problem_of(0, [](auto& i) { i.aux = 2; }) ==
          "the block claims 1 guest instructions in 4 bytes, its insns are 1 in 2");
    CHECK(
        problem_after([](auto& b) { b.guest_instructions = 2; }).starts_with("the block claims 2 guest instructions"));
    CHECK(problem_after([](auto& b) {
              std::swap(b.instructions[0], b.instructions[1]);
          }).ends_with("stands before the first insn"));
    CHECK(problem_of(6, [](auto& i) {
              i = {.op = Op::insn, .aux = 4, .imm = 0x1008};
          }).ends_with("should begin at 0x1004, where the one before it ends"));
}

TEST_CASE("an instruction that could not be fetched can only raise") {
    ir::Block block;
    block.key.pc = 0x1000;
    block.terminal = ir::Raise{12, 0x1000};
    CHECK(problem(block) == "the terminal (raise 0xc value 0x1000) belongs to no insn");
    block.instructions.push_back({.op = Op::insn, .imm = 0x1000});
    block.guest_instructions = 1;
    CHECK(problem(block).empty());
    block.terminal = ir::Goto{0x1000};
    CHECK(problem(block) == "the terminal (goto 0x1000) retires an insn of length 0");
    block.terminal = ir::Raise{12, 0x1000};
    block.instructions.push_back({.op = Op::insn, .aux = 4, .imm = 0x1000});
    CHECK(problem(block).ends_with("follows an insn of length 0"));
}

TEST_CASE("a terminal's values and kinds exist") {
    const auto with = [](ir::Terminal terminal) {
        return problem_after([&](ir::Block& block) { block.terminal = terminal; });
    };
    CHECK(with(ir::Indirect{6}).ends_with("jumps to what has no value"));
    CHECK(with(ir::Indirect{7}).ends_with("jumps to what has no value"));
    CHECK(with(ir::Indirect{5}).empty());
    CHECK(with(ir::Indirect{5, static_cast<ir::JumpKind>(4)}).ends_with("has an unknown kind"));
    CHECK(with(ir::Goto{0, static_cast<ir::JumpKind>(4)}).ends_with("has an unknown kind"));
    CHECK(with(ir::Branch{ir::Condition::eq, ir::Type::i64, 1, 0, 0, 0}).ends_with("compares what has no value"));
    CHECK(with(ir::Branch{static_cast<ir::Condition>(6), ir::Type::i64, 1, 1, 0, 0})
              .ends_with("has an unknown type or condition"));
}

TEST_CASE("a block has at most as many instructions as a value can name") {
    ir::Block block;
    block.instructions.assign(ir::max_instructions, {.op = Op::constant});
    CHECK(problem(block).empty());
    block.instructions.push_back({.op = Op::constant});
    CHECK(problem(block) == "the block has 65536 instructions, 65535 are possible");
}
