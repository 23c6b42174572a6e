// Runs one program on two engines, each in slices of its own, and compares them where the slices meet.
#pragma once

#include <optional>
#include <string>

#include "tests/differ/program.hpp"

namespace orrery::test::differ {

struct RunLimits {
    u64 instructions = 5000;
    // What is compared with the interpreter. With the interpreter itself only the slices differ.
    dbt::Engine engine = dbt::Engine::baseline;
};

struct RunResult {
    u64 retired = 0;
    bool ended_early = false; // nothing retired any more
    // Where the two are no longer the same, and where they last were.
    std::optional<u64> differ_at;
    u64 same_at = 0;
    std::string difference; // the fields, only where asked for
};

// `explain`: also says which fields differ, at the first instruction where they do.
RunResult run_program(const Program& program, const RunLimits& limits, bool explain = false);

// Takes out of a program that makes a difference what isn't needed for it.
Program minimised(Program program, const RunLimits& limits);

// What is left, disassembled.
std::string listing(const Program& program);

} // namespace orrery::test::differ
