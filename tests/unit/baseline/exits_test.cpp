// How blocks end and go on: budget, links, the jump table, side tables.
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/harness.hpp"

using namespace orrery;
using namespace orrery::test;
using jit::Exit;

namespace {

// `count` instructions that add to a slot, then `terminal`.
ir::Block adding_block(u64 pc, u32 count, ir::Terminal terminal) {
    ir::Builder builder;
    builder.begin({.pc = pc, .mode = 0});
    for (u32 i = 0; i < count; ++i) {
        builder.insn(pc + 4 * i, 4);
        builder.put(3, builder.binary(ir::Op::add, builder.get(3), u64{1}));
    }
    builder.end(std::move(terminal));
    return builder.take();
}

struct Run {
    Comparison comparison;
    jit::Context& context = comparison.translated().context();
    std::array<u64, slot_count>& slots = comparison.translated().state().slots;

    Run() { slots.fill(0); }
    void enter(const jit::CompiledBlock& block, i64 budget) {
        context.budget = budget;
        comparison.translated().running = &block;
        comparison.baseline().enter(context, block.code);
    }
    void remember(const jit::CompiledBlock& block, u64 pc) {
        const u64 offset = reinterpret_cast<u64>(block.code) - context.code_base;
        context.jumps[(pc >> 1) % jit::jump_entries] = {pc, context.jump_tag, static_cast<u32>(offset)};
    }
};

} // namespace

TEST_CASE("a block that the budget doesn't hold is not begun") {
    Run run;
    const auto block = run.comparison.compile(adding_block(block_pc, 3, ir::Leave{block_pc + 12}));
    run.enter(*block, 2);
    CHECK(run.context.exit == Exit::budget);
    CHECK(run.context.budget == 2);
    CHECK(run.slots[3] == 0);
    CHECK(run.slots[pc_slot] == block_pc);
    run.enter(*block, 3);
    CHECK(run.context.exit == Exit::leave);
    CHECK(run.context.budget == 0);
    CHECK(run.slots[3] == 3);
    CHECK(run.slots[pc_slot] == block_pc + 12);
}

TEST_CASE("a linked loop runs until the budget is used up, an unlinked one leaves at once") {
    Run run;
    const auto block = run.comparison.compile(adding_block(block_pc, 3, ir::Goto{block_pc}));
    REQUIRE(block->links.size() == 1);
    CHECK(block->links[0].target_pc == block_pc);
    CHECK(block->links[0].displacement_offset % 4 == 0);
    run.enter(*block, 1000);
    CHECK(run.context.exit == Exit::link);
    CHECK(run.context.exit_link == reinterpret_cast<u64>(block->code + block->links[0].displacement_offset));
    CHECK(run.slots[pc_slot] == block_pc);
    CHECK(run.context.budget == 997);

    run.comparison.baseline().link(*block, block->links[0], *block);
    CHECK(block->links[0].target == block.get());
    run.enter(*block, 1000);
    CHECK(run.context.exit == Exit::budget);
    CHECK(run.context.budget == 1);
    CHECK(run.slots[3] == 3 + 999);

    run.comparison.baseline().unlink(*block, block->links[0]);
    CHECK(block->links[0].target == nullptr);
    run.enter(*block, 1000);
    CHECK(run.context.exit == Exit::link);
    CHECK(run.slots[3] == 3 + 999 + 3);
}

TEST_CASE("a jump that leaves translated code tells where from and what it was, also in the interpreter") {
    const u64 far = block_pc + 0x1000;
    constexpr ir::Value value = 1; // of the get
    const struct {
        ir::Terminal terminal;
        jit::Flow flow;
    } rows[] = {{ir::Goto{block_pc + 8}, jit::Flow::on},
                {ir::Goto{block_pc}, jit::Flow::jump},
                {ir::Goto{far}, jit::Flow::jump},
                {ir::Goto{block_pc + 8, ir::JumpKind::call, block_pc + 8}, jit::Flow::call},
                {ir::Goto{far, ir::JumpKind::call, block_pc + 8}, jit::Flow::call},
                {ir::Branch{ir::Condition::eq, ir::Type::i64, value, value, far, block_pc + 8}, jit::Flow::branch},
                {ir::Branch{ir::Condition::ne, ir::Type::i64, value, value, far, block_pc + 8}, jit::Flow::on},
                {ir::Branch{ir::Condition::ne, ir::Type::i64, value, value, block_pc + 8, far}, jit::Flow::branch},
                {ir::Branch{ir::Condition::eq, ir::Type::i64, value, value, far, far}, jit::Flow::branch},
                {ir::Indirect{value, ir::JumpKind::ret}, jit::Flow::ret},
                {ir::Indirect{value}, jit::Flow::jump}};
    for (const auto& row : rows) {
        ir::Builder builder;
        builder.begin({.pc = block_pc, .mode = 0});
        builder.insn(block_pc, 4);
        builder.get(3);
        builder.insn(block_pc + 4, 4);
        builder.end(row.terminal);
        const ir::Block block = builder.take();
        Run run;
        const auto compiled = run.comparison.compile(block);
        run.enter(*compiled, 10);
        CAPTURE(&row - rows);
        CHECK(run.context.exit_flow == row.flow);
        if (row.flow != jit::Flow::on) CHECK(run.context.exit_from == block_pc + 4);
        CHECK(run.comparison.run(block) == "");
    }
}

TEST_CASE("both sides of a branch are links of their own") {
    Run run;
    ir::Builder builder;
    builder.begin({.pc = block_pc, .mode = 0});
    builder.insn(block_pc, 4);
    const ir::Value a = builder.get(3), b = builder.get(4);
    builder.end(ir::Branch{ir::Condition::ltu, ir::Type::i64, a, b, block_pc + 0x40, block_pc + 4});
    const auto block = run.comparison.compile(builder.take());
    const auto taken = run.comparison.compile(adding_block(block_pc + 0x40, 1, ir::Leave{1}));
    const auto not_taken = run.comparison.compile(adding_block(block_pc + 4, 1, ir::Leave{2}));
    REQUIRE(block->links.size() == 2);
    for (jit::LinkSite& site : block->links)
        run.comparison.baseline().link(*block, site, site.target_pc == block_pc + 4 ? *not_taken : *taken);
    run.slots[4] = 5;
    run.enter(*block, 10);
    CHECK(run.slots[pc_slot] == 1);
    run.slots[4] = 0;
    run.enter(*block, 10);
    CHECK(run.slots[pc_slot] == 2);
    CHECK(run.slots[3] == 2);
}

TEST_CASE("a jump to another page goes through the jump table") {
    Run run;
    const u64 far = block_pc + 0x1000;
    const auto block = run.comparison.compile(adding_block(block_pc, 1, ir::Goto{far}));
    CHECK(block->links.empty());
    run.enter(*block, 10);
    CHECK(run.context.exit == Exit::lookup);
    CHECK(run.slots[pc_slot] == far);
    const auto next = run.comparison.compile(adding_block(far, 1, ir::Leave{7}));
    run.remember(*next, far);
    run.enter(*block, 10);
    CHECK(run.context.exit == Exit::leave);
    CHECK(run.slots[pc_slot] == 7);
    // With another tag the entry is someone else's.
    ++run.context.jump_tag;
    run.enter(*block, 10);
    CHECK(run.context.exit == Exit::lookup);
}

TEST_CASE("a jump to where a block may cross into the next page is not linked") {
    Run run;
    const u64 end = (block_pc | 4095) + 1;
    const auto near = run.comparison.compile(adding_block(block_pc, 1, ir::Goto{end - jit::crossing_bytes - 2}));
    const auto crossing = run.comparison.compile(adding_block(block_pc, 1, ir::Goto{end - 2}));
    CHECK(near->links.size() == 1);
    CHECK(crossing->links.empty());
}

TEST_CASE("an indirect jump finds its target in the jump table, whichever register holds it") {
    for (const u16 slot : {u16{3}, u16{7}, u16{30}}) {
        Run run;
        ir::Builder builder;
        builder.begin({.pc = block_pc, .mode = 0});
        builder.insn(block_pc, 4);
        builder.end(ir::Indirect{builder.get(slot)});
        const auto block = run.comparison.compile(builder.take());
        const u64 target = 0xffff'ffff'8123'4566;
        const auto next = run.comparison.compile(adding_block(target, 1, ir::Leave{9}));
        run.remember(*next, target);
        run.slots[slot] = target;
        run.enter(*block, 10);
        CHECK(run.context.exit == Exit::leave);
        CHECK(run.slots[pc_slot] == 9);
        run.slots[slot] = target + 2 * jit::jump_entries;
        run.enter(*block, 10);
        CHECK(run.context.exit == Exit::lookup);
        CHECK(run.slots[pc_slot] == target + 2 * jit::jump_entries);
    }
}

TEST_CASE("a full buffer is said to be full, and empty after a reset") {
    Run run;
    const ir::Block block = adding_block(block_pc, 60, ir::Goto{block_pc});
    u64 first = 0, second = 0;
    while (run.comparison.baseline().compile(block)) ++first;
    run.comparison.baseline().reset();
    while (run.comparison.baseline().compile(block)) ++second;
    CHECK(first > 1000);
    CHECK(first == second);
    run.comparison.baseline().reset();
    const auto compiled = run.comparison.compile(block);
    run.enter(*compiled, 60);
    CHECK(run.slots[3] == 60);
}

TEST_CASE("the sites of a block ascend and lie within its code") {
    Run run;
    ir::Builder builder;
    builder.begin({.pc = block_pc, .mode = 0});
    for (u32 i = 0; i < 20; ++i) {
        builder.insn(block_pc + 4 * i, 4);
        if (i % 3 == 0)
            builder.call(combine, false, builder.get(3));
        else
            builder.put(4, builder.load({.size_log2 = 3}, builder.get(3), 8));
    }
    builder.end(ir::Leave{1});
    const auto block = run.comparison.compile(builder.take());
    REQUIRE(block->sites.size() == 20);
    for (std::size_t i = 0; i < block->sites.size(); ++i) {
        if (i != 0) CHECK(block->sites[i - 1].return_offset < block->sites[i].return_offset);
        CHECK(block->sites[i].return_offset < block->code_size);
        CHECK(block->sites[i].instruction < 20);
    }
}
