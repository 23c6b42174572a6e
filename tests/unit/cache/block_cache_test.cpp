// The block cache by itself: when removed blocks have to be given back.
#include "jit/cache/block_cache.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace orrery;
using jit::BlockCache;

namespace {

constexpr u64 most_blocks = 300'000;
const std::vector<u8> guest_code(16 * most_blocks);

jit::BlockPlace place(u64 pc) { return {guest_code.data() + pc, {.pc = pc}}; }

// A block of as many guest instructions as there are at most.
jit::CompiledBlock& add(BlockCache& cache, u64 pc) {
    auto block = std::make_unique<jit::CompiledBlock>();
    block->key = {.pc = pc};
    block->guest_instructions = 64;
    block->guest_bytes = 4;
    block->pc_offsets.resize(65);
    return cache.insert(place(pc), nullptr, std::move(block));
}

} // namespace

TEST_CASE("a cache in which blocks are removed for ever wants to be cleared, while it is still small") {
    BlockCache cache;
    u64 blocks = 0;
    while (!cache.wants_clearing() && blocks < 1'000'000) {
        cache.remove(add(cache, 16));
        ++blocks;
    }
    CHECK(blocks > 10'000);
    CHECK(blocks < 500'000);
    cache.clear();
    CHECK_FALSE(cache.wants_clearing());
    CHECK(cache.size() == 0);
}

TEST_CASE("blocks in use are not cleared away for fewer that were removed") {
    BlockCache cache;
    for (u64 i = 0; i < most_blocks; ++i) add(cache, 16 * i);
    for (u64 i = 0; i < 140'000; ++i) cache.remove(*cache.find(place(16 * i)));
    CHECK_FALSE(cache.wants_clearing());
    for (u64 i = 140'000; i < 160'000; ++i) cache.remove(*cache.find(place(16 * i)));
    CHECK(cache.wants_clearing());
}
