// How much host code typical guest sequences become, against a file, so that a change is seen. With the environment
// variable ORRERY_UPDATE_GOLDEN set the file is written anew instead.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/unit/baseline/disassembler.hpp"
#include "tests/unit/baseline/harness.hpp"

using namespace orrery;
using namespace orrery::test;
using ir::Op;
using ir::Type;

namespace {

constexpr u16 a0 = 3, a1 = 4, a2 = 5, sp = 7, t6 = 30; // t6 in memory

struct Sequence {
    std::string name;
    void (*emit)(ir::Builder&);
};

void next(ir::Builder& b) { b.insn(block_pc + 4 * b.guest_instructions(), 4); }

const Sequence sequences[] = {
    {"addi sp, sp, -32", [](ir::Builder& b) { next(b), b.put(sp, b.binary(Op::add, b.get(sp), ~u64{31})); }},
    {"add a0, a1, a2", [](ir::Builder& b) { next(b), b.put(a0, b.binary(Op::add, b.get(a1), b.get(a2))); }},
    {"add a0, a1, t6", [](ir::Builder& b) { next(b), b.put(a0, b.binary(Op::add, b.get(a1), b.get(t6))); }},
    {"addi t6, t6, 1", [](ir::Builder& b) { next(b), b.put(t6, b.binary(Op::add, b.get(t6), u64{1})); }},
    {"addw a0, a0, a1",
     [](ir::Builder& b) {
         next(b), b.put(a0, b.unary(Op::sext32, b.binary(Op::add, b.get(a0), b.get(a1), Type::i32)));
     }},
    {"sltu a0, a1, a2",
     [](ir::Builder& b) { next(b), b.put(a0, b.compare(ir::Condition::ltu, b.get(a1), b.get(a2))); }},
    {"lui a0; addi a0, a0",
     [](ir::Builder& b) {
         next(b), b.put(a0, b.constant(0x12345000));
         next(b), b.put(a0, b.binary(Op::add, b.get(a0), u64{0x678}));
     }},
    {"slli a0, a1, 32; srli a0, a0, 32",
     [](ir::Builder& b) {
         next(b), b.put(a0, b.binary(Op::shl, b.get(a1), u64{32}));
         next(b), b.put(a0, b.binary(Op::shr, b.get(a0), u64{32}));
     }},
    {"slli a0, a0, 3; add a0, a0, a1",
     [](ir::Builder& b) {
         next(b), b.put(a0, b.binary(Op::shl, b.get(a0), u64{3}));
         next(b), b.put(a0, b.binary(Op::add, b.get(a0), b.get(a1)));
     }},
    {"mul a0, a1, a2", [](ir::Builder& b) { next(b), b.put(a0, b.binary(Op::mul, b.get(a1), b.get(a2))); }},
    {"ld a0, 8(a1)", [](ir::Builder& b) { next(b), b.put(a0, b.load({.size_log2 = 3}, b.get(a1), 8)); }},
    {"lbu a0, 0(a0)", [](ir::Builder& b) { next(b), b.put(a0, b.load({.size_log2 = 0}, b.get(a0), 0)); }},
    {"sd a0, 8(sp)", [](ir::Builder& b) { next(b), b.store({.size_log2 = 3}, b.get(sp), 8, b.get(a0)); }},
    {"sw zero, 0(t6)", [](ir::Builder& b) { next(b), b.store({.size_log2 = 2}, b.get(t6), 0, b.constant(0)); }},
};

std::string measure(Comparison& comparison, const std::string& name, ir::Block block) {
    const auto compiled = comparison.compile(block);
    const Disassembler disassembler;
    u64 instructions = 0;
    for (u64 at = 0; at < compiled->code_size; ++instructions) {
        const auto decoded = disassembler.decode({compiled->code + at, compiled->code_size - at});
        REQUIRE(decoded.length != 0);
        if (std::getenv("ORRERY_SHOW_CODE")) printf("%s: %s\n", name.c_str(), decoded.text.c_str());
        at += decoded.length;
    }
    return fmt::format("{}: {} instructions, {} bytes\n", name, instructions, compiled->code_size);
}

std::string measure_all() {
    Comparison comparison;
    std::string text;
    for (const Sequence& sequence : sequences) {
        ir::Builder builder;
        builder.begin({.pc = block_pc, .mode = 0});
        sequence.emit(builder);
        builder.end(ir::Leave{block_pc + 4});
        text += measure(comparison, sequence.name, builder.take());
    }
    ir::Builder builder;
    builder.begin({.pc = block_pc, .mode = 0});
    next(builder);
    const ir::Value left = builder.get(a0), right = builder.get(a1);
    builder.end(ir::Branch{ir::Condition::ne, Type::i64, left, right, block_pc, block_pc + 4});
    text += measure(comparison, "bne a0, a1", builder.take());
    builder.begin({.pc = block_pc, .mode = 0});
    next(builder);
    builder.end(ir::Goto{block_pc + 0x2000});
    text += measure(comparison, "j far", builder.take());
    builder.begin({.pc = block_pc, .mode = 0});
    next(builder);
    builder.end(ir::Indirect{builder.binary(Op::and_, builder.get(a2), ~u64{1})});
    return text + measure(comparison, "jr a2", builder.take());
}

} // namespace

TEST_CASE("typical guest sequences become as much host code as is on file") {
    const std::string found = measure_all();
    if (std::getenv("ORRERY_UPDATE_GOLDEN")) {
        std::ofstream(ORRERY_GOLDEN_FILE) << found;
        return;
    }
    std::ostringstream wanted;
    wanted << std::ifstream(ORRERY_GOLDEN_FILE).rdbuf();
    CHECK(found == wanted.str());
}
