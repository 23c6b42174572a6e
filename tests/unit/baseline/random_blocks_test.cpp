// Random blocks, run on the interpreter and on the baseline.
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/harness.hpp"
#include "tests/unit/baseline/random_block.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

void compare_many(u64 first_seed, u64 count, const RandomBlockOptions& options) {
    Comparison comparison;
    u64 failures = 0;
    for (u64 seed = first_seed; seed < first_seed + count && failures < 3; ++seed) {
        const ir::Block block = random_block(seed, options);
        comparison.reset(seed);
        // Once more with what the first run left in the TLB.
        std::string differences = comparison.run(block);
        if (differences.empty()) differences = comparison.run_again(block);
        if (differences.empty()) continue;
        ++failures;
        INFO("seed " << seed << "\n" << describe(block) << differences);
        CHECK(differences.empty());
    }
    CHECK(failures == 0);
}

} // namespace

TEST_CASE("random pure blocks do what the interpreter does") {
    compare_many(1, 60'000, {.instructions = 40, .memory = false, .calls = false});
}

TEST_CASE("short random blocks do what the interpreter does") { compare_many(1'000'000, 60'000, {.instructions = 8}); }

TEST_CASE("random blocks do what the interpreter does") { compare_many(2'000'000, 60'000, {.instructions = 40}); }

TEST_CASE("long random blocks with many live values do what the interpreter does") {
    compare_many(3'000'000, 1'500, {.instructions = 600});
}
