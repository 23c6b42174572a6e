// The decoder against the processor that runs the test: how long an instruction is, and what is none.
// ORRERY_X86_NATIVE_CASES: how many instructions, instead of 50,000.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/x86_generator.hpp"
#include "tests/unit/cpu_x86/native_fetch.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

u64 case_count() {
    const char* wanted = std::getenv("ORRERY_X86_NATIVE_CASES");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 50'000;
}

// What can be run here without harm. Operations that load control words could make later arithmetic trap.
std::vector<const Row*> harmless_rows(test::X86Constraints& constraints) {
    constraints.features = native_features();
    constraints.user_mode_only = true;
    constraints.control_flow = false;
    constraints.implicit_memory = false;
    constraints.memory_base = native_base;
    constraints.window_bytes = native_window_bytes;
    constraints.general_registers = 0xffef; // not the stack pointer
    std::vector<const Row*> rows;
    for (const Row* row : test::generatable_rows(constraints)) {
        using enum Op;
        const Op op = row->op;
        if (op != fldcw && op != fldenv && op != frstor && op != ldmxcsr && op != fxrstor) rows.push_back(row);
    }
    return rows;
}

void tell(const std::vector<u8>& bytes, const char* what) {
    for (const u8 byte : bytes) std::fprintf(stderr, "%02x", byte);
    std::fprintf(stderr, ": %s\n", what);
}

bool agrees(bool holds, const std::vector<u8>& bytes, const char* otherwise) {
    if (!holds) tell(bytes, otherwise);
    return holds;
}

// Whole it is executed, without its last byte more is asked for.
bool is_as_long_as_we_say(NativeProcessor& processor, const std::vector<u8>& bytes) {
    const std::span<const u8> all(bytes);
    const bool shorter = processor.run(all.first(bytes.size() - 1)) == NativeOutcome::more;
    return agrees(shorter, bytes, "the processor doesn't need the last byte") &&
           agrees(processor.run(all) == NativeOutcome::executed, bytes, "the processor doesn't execute it");
}

int count_wrong_lengths() {
    test::X86Constraints constraints;
    const std::vector<const Row*> rows = harmless_rows(constraints);
    NativeProcessor processor;
    test::Random random{.seed = 8};
    int wrong = 0;
    for (u64 i = 0; i < case_count() && wrong < 100; ++i) {
        const std::vector<u8> bytes = test::generate(*rows[random.below(rows.size())], constraints, random);
        wrong += is_as_long_as_we_say(processor, bytes) ? 0 : 1;
    }
    return wrong;
}

// With another prefix these are instructions of extensions that a host may have: SSE4a, PTWRITE, WAITPKG.
bool has_unknown_neighbours(const Row& row) {
    using enum Op;
    return row.op == movntps || row.op == movntpd || row.op == xsave || row.op == mfence;
}

// Prefixes that make an instruction none (LOCK, and those that the manual rules out by NP) or leave it one.
int count_wrong_prefixes() {
    test::X86Constraints constraints;
    const std::vector<const Row*> rows = harmless_rows(constraints);
    NativeProcessor processor;
    test::Random random{.seed = 9};
    constexpr u8 prefixes[] = {0x66, 0xf0, 0xf2, 0xf3};
    int wrong = 0;
    for (u64 i = 0; i < case_count() && wrong < 100; ++i) {
        const Row& row = *rows[random.below(rows.size())];
        if (has_unknown_neighbours(row)) continue;
        std::vector<u8> bytes = test::generate(row, constraints, random);
        bytes.insert(bytes.begin(), random.among<u8>(prefixes));
        const Instruction instruction = decode(bytes, CodeSize::bits64, constraints.features);
        const bool same_length = instruction.length == bytes.size();
        if (instruction.valid() && !same_length) continue; // 66 shortened an immediate
        const NativeOutcome expected = instruction.valid() ? NativeOutcome::executed : NativeOutcome::invalid;
        wrong += agrees(processor.run(bytes) == expected, bytes, instruction.valid() ? "valid to us" : "invalid to us")
                     ? 0
                     : 1;
    }
    return wrong;
}

} // namespace

TEST_CASE("the host's processor takes as many bytes for an instruction as the decoder") {
    CHECK(run_apart(count_wrong_lengths) == 0);
}

TEST_CASE("the host's processor rejects the prefixes that the decoder rejects") {
    CHECK(run_apart(count_wrong_prefixes) == 0);
}

} // namespace orrery::tests
