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

namespace {

void set_pair(Comparison& comparison, u64 pair, double value) {
    for (const u16 half : {u16{0}, u16{1}})
        comparison.set_slot(static_cast<u16>(slot_of(pair) + half), std::bit_cast<u64>(value));
}

} // namespace

TEST_CASE("the flags that floating point raises in place are the guest's") {
    Comparison comparison;
    comparison.reset(2);
    const ir::Block block = block_of([](ir::Builder& b) {
        b.call(vector_pair, true, b.constant(arguments(0, 1, 2) | controlled), b.constant(0));
        b.call(vector_pair, true, b.constant(arguments(0, 0, 1) | controlled), b.constant(0));
        b.call(look, true, b.constant(0)); // C++ sees them
        b.call(vector_pair, true, b.constant(arguments(3, 0, 4) | controlled), b.constant(0));
    });
    comparison.set_slot(control_slot, default_control);
    for (u64 pair = 1; pair < 5; ++pair) set_pair(comparison, pair, 0.1 * static_cast<double>(pair));
    CHECK(comparison.run(block).empty());
    CHECK(comparison.translated().state().slots[control_slot] == 0x1fa0); // inexact
    comparison.set_slot(slot_of(4), 1);
    CHECK(comparison.run_again(block).empty());
    CHECK(comparison.translated().state().slots[control_slot] == 0x1fa2); // and denormal
}

TEST_CASE("with an exception unmasked floating point is left to C++") {
    Comparison comparison;
    comparison.reset(2);
    const ir::Block block = block_of([](ir::Builder& b) {
        b.call(vector_pair, true, b.constant(arguments(0, 1, 2) | controlled), b.constant(0));
        b.call(vector_pair, true, b.constant(arguments(3, 0, 2) | controlled), b.constant(0));
    });
    comparison.set_slot(control_slot, default_control & ~u64{0x1000});
    for (u64 pair = 0; pair < 3; ++pair) set_pair(comparison, pair, 0.1);
    CHECK(comparison.run(block).empty());
    CHECK(comparison.translated().state().slots[control_slot] == 0xfa0);
}

TEST_CASE("a vector is read anew where its slots were written") {
    Comparison comparison;
    comparison.reset(5);
    const ir::Block block = block_of([](ir::Builder& b) {
        const auto add = [&](u64 to, u64 one, u64 other) {
            b.call(vector_pair, true, b.constant(arguments(to, one, other)), b.constant(0));
        };
        add(0, 1, 2);
        b.put(slot_of(0), b.get(slot_of(3)));
        b.put(slot_of(0) + 1, b.constant(0));
        add(1, 0, 2); // the lower half by a put, the upper zero
        add(0, 0, 1);
        add(2, 0, 0);
        for (u64 pair = 0; pair < 5; ++pair) add(5, 5, pair);
    });
    CHECK(comparison.run(block).empty());
}
