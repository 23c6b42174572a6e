// What the soft TLB remembers of large guest pages, and of pages in several views: flushing one address must reach all of
// them, however many there are.
#include "accel/dbt/soft_tlb.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

struct Rig {
    std::unique_ptr<jit::Context> context = std::make_unique<jit::Context>();
    dbt::SoftTlb tlb{*context};
    std::vector<u8> bytes = std::vector<u8>(page_size);

    void fill(u64 address, u64 size_bytes) {
        tlb.fill_data({address}, bytes.data(), {0x8000'0000}, size_bytes, true, true);
    }
};

} // namespace

TEST_CASE("flushing an address reaches every large page that it lies in, in all address spaces") {
    Rig rig;
    rig.tlb.select({.space = 1});
    rig.fill(0x4000'1000, 2 * MiB);
    rig.tlb.select({.space = 2});
    rig.fill(0x5000'2000, 1 * GiB);
    REQUIRE(rig.tlb.find_data(0x5000'2000, false));
    rig.tlb.flush_page({0x4000'3000});
    CHECK_FALSE(rig.tlb.find_data(0x5000'2000, false));
    rig.tlb.select({.space = 1});
    CHECK_FALSE(rig.tlb.find_data(0x4000'1000, false));
}

TEST_CASE("a guest with very many large pages has each of them flushed") {
    Rig rig;
    rig.tlb.select({.space = 1});
    constexpr u64 first = 0x1000'0000;
    for (u64 i = 0; i < 100'000; ++i) rig.fill(first + i * 2 * MiB, 2 * MiB);
    const u64 last = first + 99'999 * 2 * MiB;
    REQUIRE(rig.tlb.find_data(last, true));
    rig.tlb.flush_page({last + 0x5000});
    CHECK_FALSE(rig.tlb.find_data(last, true));
}

TEST_CASE("a page has an entry in each view, and flushing it reaches all") {
    Rig rig;
    constexpr u64 address = 0x7000'1000;
    for (const u32 view : {0U, 3U, 31U}) {
        rig.tlb.select({.space = 1, .data_view = view});
        rig.fill(address, page_size);
    }
    for (const u32 view : {0U, 3U, 31U}) {
        rig.tlb.select({.space = 1, .data_view = view});
        CHECK(rig.tlb.find_data(address, true));
    }
    rig.tlb.flush_page({address});
    for (const u32 view : {0U, 3U, 31U}) {
        rig.tlb.select({.space = 1, .data_view = view});
        CHECK_FALSE(rig.tlb.find_data(address, true));
    }
}

TEST_CASE("going back to a context finds what it remembered, until that is flushed") {
    Rig rig;
    constexpr u64 address = 0x7000'1000;
    // More contexts than are kept at hand.
    for (u64 space = 1; space <= 20; ++space) {
        rig.tlb.select({.space = space, .execute_mode = space});
        rig.fill(address + space * page_size, page_size);
        rig.tlb.remember_jump(2 * space, rig.bytes.data());
    }
    for (u64 space = 1; space <= 20; ++space) {
        rig.tlb.select({.space = space, .execute_mode = space});
        CHECK(rig.tlb.find_data(address + space * page_size, false));
        CHECK(rig.tlb.find_jump(2 * space) == rig.bytes.data());
    }
    rig.tlb.flush_space(20);
    CHECK_FALSE(rig.tlb.find_data(address + 20 * page_size, false));
    CHECK_FALSE(rig.tlb.find_jump(40));
    rig.tlb.select({.space = 19, .execute_mode = 19});
    CHECK(rig.tlb.find_jump(38) == rig.bytes.data());
}
