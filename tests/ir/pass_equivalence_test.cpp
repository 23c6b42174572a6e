// Random blocks do the same before and after the passes: the same requests to memory and helpers in the same order,
// with the same guest registers at each of them, and the same end; also when a request leaves the block in the middle.
#include "jit/ir/print.hpp"
#include "jit/ir/verify.hpp"
#include "jit/passes/pipeline.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_block.hpp"

using namespace orrery;
using test::SmallMachine;

namespace {

struct Outcome {
    test::SmallState state;
    std::vector<std::string> trace;
    jit::Exit exit;
    u64 code, value;
    bool operator==(const Outcome&) const = default;
};

// `machine` is reused, since a vCPU's context is large.
Outcome outcome(SmallMachine& machine, const ir::Block& block, u64 seed, u64 leave_at,
                jit::LeaveRequest request = jit::LeaveRequest::raise) {
    std::mt19937_64 random(seed);
    for (u64& x : machine.state.x) x = random() >> (random() % 64);
    machine.state.pc = 0;
    for (std::size_t i = 0; i < machine.memory.size(); ++i) machine.memory[i] = static_cast<u8>(i * 37 >> 3);
    machine.trace.clear();
    machine.leave_at = leave_at;
    machine.request = request;
    machine.context->leave = jit::LeaveRequest::none;
    machine.context->exit_code = machine.context->exit_value = 0;
    machine.run(block);
    return {machine.state, machine.trace, machine.context->exit, machine.context->exit_code,
            machine.context->exit_value};
}

void compare(SmallMachine& machine, const ir::Block& before, const ir::Block& after, u64 seed) {
    const Outcome whole = outcome(machine, before, seed, ~u64{0});
    REQUIRE(outcome(machine, after, seed, ~u64{0}) == whole);
    if (whole.trace.empty()) return;
    const u64 leave_at = seed % whole.trace.size();
    REQUIRE(outcome(machine, after, seed, leave_at) == outcome(machine, before, seed, leave_at));
    const std::string& request = whole.trace[leave_at];
    if (!request.starts_with("store") && !request.starts_with("amo")) return;
    // Behind the last instruction, a branch that became a jump to the next block ends another way, to the same effect.
    if (before.terminal.index() != after.terminal.index()) return;
    constexpr auto behind = jit::LeaveRequest::after;
    REQUIRE(outcome(machine, after, seed, leave_at, behind) == outcome(machine, before, seed, leave_at, behind));
}

} // namespace

TEST_CASE("a guest can't tell whether a block went through the passes") {
    SmallMachine machine;
    std::size_t removed = 0;
    for (u64 seed = 0; seed < 4000; ++seed) {
        const ir::Block before = test::RandomBlock(seed).make(1 + static_cast<u32>(seed % 12));
        ir::Block after = before;
        passes::run(after);
        removed += before.instructions.size() - after.instructions.size();
        INFO("seed " << seed << "\n"
                     << ir::print(before, SmallMachine::guest()) << ir::print(after, SmallMachine::guest()));
        REQUIRE(ir::verify(after, SmallMachine::guest()));
        compare(machine, before, after, seed);
        compare(machine, before, after, seed + 1'000'000);
    }
    CHECK(removed > 3000);
}

TEST_CASE("a second time through the passes never makes a block longer") {
    for (u64 seed = 0; seed < 500; ++seed) {
        ir::Block block = test::RandomBlock(seed).make(8);
        passes::run(block);
        const std::size_t size = block.instructions.size();
        passes::run(block);
        REQUIRE(block.instructions.size() <= size);
    }
}
