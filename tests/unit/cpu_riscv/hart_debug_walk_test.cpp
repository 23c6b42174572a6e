// What a debugger is told of an address, compared with what accesses to it do.
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/cpu_riscv/hart_paging_fixture.hpp"

namespace orrery::riscv {
namespace {

struct WalkFixture : test::PagingFixture {
    orrery::Walk walk(u64 address) { return hart.debug_view().walk({address}); }
    std::optional<u64> where(u64 address) {
        const auto found = hart.debug_view().translate({address});
        return found ? std::optional(found->value) : std::nullopt;
    }
    std::string last(u64 address) {
        const WalkStep step = walk(address).steps.back();
        return step.what + ": " + step.meaning;
    }
};

TEST_CASE_METHOD(WalkFixture, "addresses are physical in machine mode, and where paging is off") {
    registers.satp = 0;
    CHECK(where(0x8000'0123) == 0x8000'0123);
    use(satp::sv39);
    CHECK(where(0x8000'0123) == std::nullopt);
    set_privilege(Privilege::machine);
    CHECK(where(0x8000'0123) == 0x8000'0123);
    CHECK(last(ram) == "not translated: as machine: load yes, store yes, fetch yes");
    CHECK(where(u64{1} << 56) == std::nullopt);
    CHECK(last(u64{1} << 56) == "load access fault: physical addresses have 56 bits");
    CHECK(last(0x4000'0000) == "load access fault: not translated, as machine: load no (nothing answers there), "
                               "store no (nothing answers there), fetch no (nothing answers there)");
}

TEST_CASE_METHOD(WalkFixture, "a walk tells each entry it read and the page it found") {
    use(satp::sv48);
    const u64 place = map(0x12'3456'7000, leaf(ram + 0x5000, v | r | w | a | d | g | u64{1} << 8));
    registers.mstatus |= mstatus::sum;
    const auto found = walk(0x12'3456'7abc);
    REQUIRE(found.steps.size() == 5);
    CHECK(found.address->value == ram + 0x5abc);
    CHECK(found.page_size_bytes == 4 * KiB);
    CHECK(found.steps[0].what == "level 3");
    CHECK(found.steps[0].entry_address == root);
    CHECK(found.steps[0].meaning == "V, PPN 0x80002, table at 0x80002000");
    CHECK(found.steps[3].entry_address == place);
    CHECK(found.steps[3].entry == word(place));
    CHECK(found.steps[3].meaning == "V R W G A D RSW 1, PPN 0x80005");
    CHECK(found.steps[4].what == "4 KiB page");
    CHECK(found.steps[4].meaning == "as supervisor: load yes, store yes, fetch no (X is 0)");
}

TEST_CASE_METHOD(WalkFixture, "a walk finds superpages and contiguous pages") {
    map(0x4000'0000, leaf(ram, rwx_ad), 2);
    CHECK(where(0x4001'2345) == ram + 0x1'2345);
    CHECK(last(0x4001'2345).starts_with("1 GiB page"));
    map(0x20'0000, leaf(ram, rwx_ad), 1);
    CHECK(where(0x21'2345) == ram + 0x1'2345);
    CHECK(last(0x21'2345).starts_with("2 MiB page"));
    map(0x1'3000, leaf(ram + 0x8000, rwx_ad) | u64{1} << 63);
    CHECK(where(0x1'3045) == ram + 0x3045);
    CHECK(last(0x1'3045).starts_with("64 KiB page"));
}

TEST_CASE_METHOD(WalkFixture, "a walk that finds no page says why") {
    CHECK(last(0x1000) == "load page fault: V is 0");
    CHECK(last(u64{1} << 39) == "load page fault: not an address of Sv39: its upper bits differ from bit 38");
    map(0x1000, leaf(ram, v));
    CHECK(last(0x1000) == "load page fault: the last level points to another table");
    map(0x1000, leaf(ram, v | w | a | d));
    CHECK(last(0x1000) == "load page fault: W without R is reserved");
    map(0, leaf(ram + page_size, rwx_ad), 1);
    CHECK(last(0) == "load page fault: the PPN isn't aligned to the size of the page");
    map(0, leaf(0x1'2345'6000, v), 1);
    CHECK(last(0x3008) == "load access fault: the entry of level 0 would be at 0x123456018, where no RAM is");
    registers.pmpcfg[15] = 0;
    hart.pmp().decode();
    CHECK(last(0) ==
          "load access fault: the entry of level 2 would be at 0x80001000, which PMP doesn't let the walk read");
    for (const u64 address : {u64{0}, u64{0x1000}, u64{1} << 39}) {
        CHECK_FALSE(walk(address).address);
        CHECK_FALSE(where(address));
    }
}

TEST_CASE_METHOD(WalkFixture, "a page that may not be loaded from is still found, with the reason told") {
    map(0x1000, leaf(ram, rwx_ad | u));
    CHECK_FALSE(walk(0x1000).address);
    CHECK(where(0x1008) == ram + 8);
    CHECK(walk(0x1000).page_size_bytes == 4 * KiB);
    CHECK(last(0x1000) ==
          "load page fault: 4 KiB page, as supervisor: load no (user page: supervisor needs SUM), store "
          "no (user page: supervisor needs SUM), fetch no (user page: supervisor never executes it)");
    map(0x1000, leaf(ram, v | x | a));
    CHECK(last(0x1000) == "load page fault: 4 KiB page, as supervisor: load no (R is 0: executable page needs MXR), "
                          "store no (W is 0), fetch yes");
    set_privilege(Privilege::user);
    CHECK(last(0x1000) ==
          "load page fault: 4 KiB page, as user: load no (U is 0), store no (U is 0), fetch no (U is 0)");
}

TEST_CASE_METHOD(WalkFixture, "the privilege of data that MPRV chooses is the one walked with") {
    map(0x1000, leaf(ram + 0x3000, v | r | a | u));
    set_privilege(Privilege::machine);
    CHECK(where(0x1000) == 0x1000);
    registers.mstatus |= mstatus::mprv;
    CHECK(where(0x1000) == ram + 0x3000);
    CHECK(last(0x1000) == "4 KiB page: as user by MPRV: load yes, store no (W is 0), fetch not translated");
}

TEST_CASE_METHOD(WalkFixture, "a debugger's look sets no accessed or dirty bit") {
    const u64 place = map(0x1000, leaf(ram, v | r | w));
    const u64 before = word(place);
    CHECK(walk(0x1000).address->value == ram);
    CHECK(where(0x1000) == ram);
    CHECK(word(place) == before);
    registers.menvcfg &= ~envcfg::adue;
    CHECK(last(0x1000) ==
          "load page fault: 4 KiB page, as supervisor: load no (A is 0, and menvcfg.ADUE too), store no "
          "(A is 0, and menvcfg.ADUE too), fetch no (X is 0)");
    CHECK(where(0x1000) == ram);
}

TEST_CASE_METHOD(WalkFixture, "a walk promises what loads, stores and fetches then do, whatever the entry and mode") {
    orrery::test::Random random(1);
    u32 found = 0, lost = 0;
    for (u32 i = 0; i < 20'000; ++i) {
        use(satp::sv39 + random.below(3));
        registers.privilege = std::array{Privilege::user, Privilege::supervisor, Privilege::machine}[random.below(3)];
        registers.mstatus = random.next() & (mstatus::sum | mstatus::mxr | (random.below(2) ? mstatus::mprv : 0));
        registers.mstatus |= std::array{u64{0}, u64{1}, u64{3}}[random.below(3)] << mstatus::mpp_low;
        registers.menvcfg = random.next() & (envcfg::adue | envcfg::pbmte);
        registers.pmpcfg[15] =
            static_cast<u8>(pmpcfg::napot << pmpcfg::a_low | (random.below(4) ? 7 : random.below(8)));
        hart.pmp().decode();
        u64 entry = leaf(ram + 0x8000 + random.below(4) * 0x1'0000, random.below(256) | (random.below(8) ? v : 0));
        if (random.below(8) == 0) entry |= u64{1} << (54 + random.below(10));
        const u64 address = 0x1000 + random.below(512) * 8;
        const u64 place = map(address, entry, random.below(8) == 0 ? 1 : 0);

        const auto told = walk(address);
        REQUIRE(word(place) == entry);
        const std::string meaning = told.steps.back().meaning;
        for (const auto& [action, word_of] : {std::pair{MemoryAction::read, "load"},
                                              {MemoryAction::write, "store"},
                                              {MemoryAction::execute, "fetch"}}) {
            word(place) = entry;
            const auto result = hart.translate_address({address}, action, 0);
            const bool works = result && hart.mmu().is_mapped(result->address);
            CAPTURE(word_of, meaning, entry, address, told.steps.back().what);
            if (action == MemoryAction::read) {
                REQUIRE(works == told.address.has_value());
                if (works) REQUIRE(told.address->value == result->address.value);
                if (works) REQUIRE(told.page_size_bytes == result->page_size_bytes);
                if (result) REQUIRE(where(address) == result->address.value);
                ++(works ? found : lost);
            }
            if (meaning.contains("as ") && !meaning.contains(fmt::format("{} not translated", word_of)) &&
                !meaning.contains(fmt::format("{} translated", word_of)))
                REQUIRE(works == meaning.contains(fmt::format("{} yes", word_of)));
            if (!result && action == MemoryAction::read) {
                const bool is_page_fault = result.error().code == static_cast<u64>(Exception::load_page_fault);
                REQUIRE(told.steps.back().what == (is_page_fault ? "load page fault" : "load access fault"));
            }
        }
    }
    CHECK(found > 2000);
    CHECK(lost > 2000);
}

} // namespace
} // namespace orrery::riscv
