// Calls that the baseline executes in place, as one SSE2 instruction.
#include <bit>

#include "tests/support/catch.hpp"
#include "tests/unit/baseline/harness.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 controlled = 1, doubled = 2;
// Numbers of pairs, from slot 24 on, as VectorArguments::unpack takes them.
constexpr u64 arguments(u64 destination, u64 a, u64 b) { return destination << 8 | a << 16 | b << 24; }
constexpr u16 slot_of(u64 pair) { return static_cast<u16>(24 + 2 * pair); }

ir::Block block_of(auto make) {
    ir::Builder builder;
    builder.begin({.pc = block_pc, .mode = 0});
    builder.insn(block_pc, 4);
    make(builder);
    builder.end(ir::Leave{block_pc + 4});
    return builder.take();
}

} // namespace

TEST_CASE("values that live in the slots which a vector replaces are kept") {
    Comparison comparison;
    comparison.reset(1);
    const ir::Block block = block_of([](ir::Builder& b) {
        const ir::Value low = b.get(slot_of(0)), high = b.get(slot_of(0) + 1);
        b.call(vector_pair, false, b.constant(arguments(0, 0, 1)), b.constant(0));
        b.put(slot_of(3), low);
        b.put(slot_of(4), high);
        b.put(slot_of(5), b.call(vector_value, false, b.constant(arguments(0, 0, 0)), b.constant(0)));
    });
    CHECK(comparison.run(block).empty());
}

TEST_CASE("a vector of two pairs replaces both when both are computed") {
    Comparison comparison;
    const u64 how = GENERATE(u64{doubled}, doubled | controlled);
    comparison.reset(3);
    const ir::Block block = block_of([&](ir::Builder& b) {
        b.call(vector_pair, true, b.constant(arguments(1, 0, 1) | how), b.constant(0)); // 1 = 0 + 1, 2 = 1 + 2
        b.put(slot_of(6), b.get(slot_of(2)));
    });
    comparison.set_slot(control_slot, 0x1f80);
    for (u64 pair = 0; pair < 3; ++pair)
        for (u16 half = 0; half < 2; ++half)
            comparison.set_slot(static_cast<u16>(slot_of(pair) + half),
                                std::bit_cast<u64>(0.25 * (1.0 + static_cast<double>(pair))));
    CHECK(comparison.run(block).empty());
    if (how == (doubled | controlled))
        CHECK(comparison.translated().state().slots[slot_of(6)] == std::bit_cast<u64>(1.25));
}

TEST_CASE("floating point goes on in place once the guest's flags are the host's") {
    Comparison comparison;
    comparison.reset(2);
    const ir::Block block = block_of([](ir::Builder& b) {
        const ir::Value kept = b.get(control_slot);
        b.call(vector_pair, false, b.constant(arguments(0, 1, 2) | controlled), b.constant(0));
        b.put(slot_of(6), kept);
    });
    comparison.set_slot(control_slot, 0x1f80);
    for (const u16 slot : {slot_of(1), static_cast<u16>(slot_of(1) + 1)})
        comparison.set_slot(slot, std::bit_cast<u64>(0.1));
    for (const u16 slot : {slot_of(2), static_cast<u16>(slot_of(2) + 1)})
        comparison.set_slot(slot, std::bit_cast<u64>(0.7));
    CHECK(comparison.run(block).empty());
    CHECK(comparison.translated().state().slots[control_slot] == 0x1fa0); // inexact
    CHECK(comparison.run_again(block).empty());
    comparison.set_slot(slot_of(1), 1); // denormal: a flag that isn't there yet
    CHECK(comparison.run_again(block).empty());
    CHECK(comparison.translated().state().slots[control_slot] == 0x1fa2);
}
