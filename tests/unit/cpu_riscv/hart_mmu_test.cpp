// Page-table walks, with every reason to fault.
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_paging_fixture.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 code(Exception exception) { return static_cast<u64>(exception); }

struct MmuFixture : test::PagingFixture {
    auto translate(u64 address, MemoryAction action) { return hart.translate_address({address}, action, 0); }
    u64 fault_code(u64 address, MemoryAction action) {
        const auto result = translate(address, action);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().value == address);
        return result.error().code;
    }
    bool reads(u64 address) { return translate(address, MemoryAction::read).has_value(); }
    bool writes(u64 address) { return translate(address, MemoryAction::write).has_value(); }
    bool executes(u64 address) { return translate(address, MemoryAction::execute).has_value(); }
};

TEST_CASE_METHOD(MmuFixture, "a page of 4 KiB is translated in each paging mode") {
    for (const u64 mode : {satp::sv39, satp::sv48, satp::sv57}) {
        use(mode);
        map(0x12'3456'7000, leaf(0x8765'4000, rwx_ad));
        const auto result = translate(0x12'3456'7abc, MemoryAction::read);
        REQUIRE(result.has_value());
        CHECK(result->address.value == 0x8765'4abc);
        CHECK(result->page_size_bytes == 4 * KiB);
        CHECK(result->writable);
        CHECK(result->cacheable);
    }
}

TEST_CASE_METHOD(MmuFixture, "a superpage keeps the lower bits of the address and tells its size") {
    use(satp::sv57);
    map(0x40'0000'0000, leaf(0, rwx_ad), 4);
    CHECK(translate(0x12'3456'789a, MemoryAction::read)->address.value == 0x12'3456'789a);
    CHECK(translate(0x12'3456'789a, MemoryAction::read)->page_size_bytes == u64{1} << 48);
    use(satp::sv39);
    map(0x4000'0000, leaf(0x80'0000'0000, rwx_ad), 2);
    CHECK(translate(0x4012'3456, MemoryAction::read)->address.value == 0x80'0012'3456);
    CHECK(translate(0x4012'3456, MemoryAction::read)->page_size_bytes == GiB);
    map(0x4000'0000, leaf(0x80'0020'0000, rwx_ad), 1);
    CHECK(translate(0x4012'3456, MemoryAction::read)->address.value == 0x80'0032'3456);
    CHECK(translate(0x4012'3456, MemoryAction::read)->page_size_bytes == 2 * MiB);
}

TEST_CASE_METHOD(MmuFixture, "each kind of access has its own page fault") {
    map(0x1000, 0);
    CHECK(fault_code(0x1008, MemoryAction::read) == code(Exception::load_page_fault));
    CHECK(fault_code(0x1008, MemoryAction::write) == code(Exception::store_page_fault));
    CHECK(fault_code(0x1008, MemoryAction::execute) == code(Exception::instruction_page_fault));
}

TEST_CASE_METHOD(MmuFixture, "an entry with a reserved encoding faults") {
    const u64 good = leaf(ram, rwx_ad);
    const u64 bad =
        GENERATE_COPY(u64{0}, good & ~v, leaf(ram, v | w | a | d), leaf(ram, v | w | x | a | d), // W without R
                      good | u64{1} << 54, good | u64{1} << 60,                                  // reserved bits
                      good | u64{1} << 61, good | u64{3} << 61,                                  // PBMT without PBMTE
                      leaf(ram, v)); // a pointer at the last level
    map(0x1000, good);
    CHECK(reads(0x1000));
    map(0x1000, bad);
    CHECK(fault_code(0x1000, MemoryAction::read) == code(Exception::load_page_fault));
}

TEST_CASE_METHOD(MmuFixture, "a pointer to the next table may not carry a leaf's bits") {
    map(0x1000, leaf(ram, rwx_ad));
    const u64 middle = root + page_size;
    const u64 good = word(middle);
    CHECK(reads(0x1000));
    for (const u64 bad : {d, a, u, u64{1} << 63, u64{1} << 61, u64{1} << 54}) {
        word(middle) = good | bad;
        CHECK_FALSE(reads(0x1000));
    }
    word(middle) = good | g;
    CHECK(reads(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "a misaligned superpage faults") {
    map(0, leaf(ram + page_size, rwx_ad), 1);
    CHECK(fault_code(0, MemoryAction::read) == code(Exception::load_page_fault));
    map(0, leaf(ram + 2 * MiB, rwx_ad), 2);
    CHECK(fault_code(0, MemoryAction::read) == code(Exception::load_page_fault));
    map(0, leaf(ram + 2 * MiB, rwx_ad), 1);
    CHECK(reads(0));
}

TEST_CASE_METHOD(MmuFixture, "the address must repeat its highest translated bit") {
    const u64 entry = leaf(0, rwx_ad);
    map(0, entry, 2);
    map(0xffff'ffff'c000'0000, entry, 2);
    CHECK(reads(0xffff'ffff'c000'0000));
    for (const u64 bad : {u64{1} << 39, u64{1} << 63, 0xffff'ffbf'c000'0000, u64{1} << 38})
        CHECK(fault_code(bad, MemoryAction::read) == code(Exception::load_page_fault));
    use(satp::sv48);
    map(0x7f'c000'0000, entry, 3);
    CHECK(reads(0x7f'c000'0000));
    CHECK_FALSE(reads(0xffff'007f'c000'0000));
}

TEST_CASE_METHOD(MmuFixture, "read, write and execute permission are separate") {
    map(0x1000, leaf(ram, v | r | a | d));
    CHECK(reads(0x1000));
    CHECK_FALSE(writes(0x1000));
    CHECK_FALSE(executes(0x1000));
    CHECK_FALSE(translate(0x1000, MemoryAction::read)->writable);
    map(0x1000, leaf(ram, v | x | a | d));
    CHECK_FALSE(reads(0x1000));
    CHECK(executes(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "MXR makes executable pages readable") {
    map(0x1000, leaf(ram, v | x | a | d));
    registers.mstatus |= mstatus::mxr;
    CHECK(reads(0x1000));
    CHECK_FALSE(writes(0x1000));
    map(0x1000, 0);
    CHECK_FALSE(reads(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "supervisor mode reaches user pages under SUM, and never executes them") {
    map(0x1000, leaf(ram, rwx_ad | u));
    CHECK_FALSE(reads(0x1000));
    CHECK_FALSE(executes(0x1000));
    registers.mstatus |= mstatus::sum;
    CHECK(reads(0x1000));
    CHECK(writes(0x1000));
    CHECK_FALSE(executes(0x1000));
    set_privilege(Privilege::user);
    CHECK(executes(0x1000));
    map(0x1000, leaf(ram, rwx_ad));
    CHECK_FALSE(reads(0x1000));
    CHECK_FALSE(executes(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "MPRV moves loads and stores, not fetches, to the mode in MPP") {
    map(0x1000, leaf(ram + 0x5000, rwx_ad | u));
    set_privilege(Privilege::machine);
    CHECK(translate(0x1000, MemoryAction::read)->address.value == 0x1000);
    registers.mstatus |= mstatus::mprv;
    CHECK(translate(0x1000, MemoryAction::read)->address.value == ram + 0x5000);
    CHECK(translate(0x1000, MemoryAction::execute)->address.value == 0x1000);
    registers.mstatus |= u64{1} << mstatus::mpp_low;
    CHECK_FALSE(reads(0x1000));
    registers.mstatus |= mstatus::mpp;
    CHECK(translate(0x1000, MemoryAction::read)->address.value == 0x1000);
}

TEST_CASE_METHOD(MmuFixture, "the first access sets A, the first store D") {
    const u64 place = map(0x1000, leaf(ram, v | r | w));
    const auto first = translate(0x1000, MemoryAction::read);
    REQUIRE(first.has_value());
    CHECK_FALSE(first->writable);
    CHECK(word(place) == leaf(ram, v | r | w | a));
    const auto second = translate(0x1000, MemoryAction::write);
    REQUIRE(second.has_value());
    CHECK(second->writable);
    CHECK(word(place) == leaf(ram, v | r | w | a | d));
}

TEST_CASE_METHOD(MmuFixture, "a refused access leaves A and D alone") {
    const u64 place = map(0x1000, leaf(ram, v | r));
    CHECK_FALSE(writes(0x1000));
    CHECK(word(place) == leaf(ram, v | r));
}

TEST_CASE_METHOD(MmuFixture, "without ADUE a clear A or D is a page fault") {
    registers.menvcfg &= ~envcfg::adue;
    const u64 place = map(0x1000, leaf(ram, v | r | w));
    CHECK(fault_code(0x1000, MemoryAction::read) == code(Exception::load_page_fault));
    word(place) |= a;
    CHECK(reads(0x1000));
    CHECK(fault_code(0x1000, MemoryAction::write) == code(Exception::store_page_fault));
    word(place) |= d;
    CHECK(writes(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "setting A is reported for a page that is tracked") {
    struct Listener : MemoryListener {
        void mapping_changed() override {}
        void tracked_page_written(Ram&, u64 offset, u64 size) override { written = {offset, size}; }
        std::pair<u64, u64> written;
    } listener;
    bus.memory.add_listener(listener);
    const u64 place = map(0x1000, leaf(ram, v | r));
    bus.ram->flags(place - ram) = static_cast<u8>(PageFlag::tracked);
    REQUIRE(reads(0x1000));
    CHECK(listener.written == std::pair<u64, u64>{place - ram, 8});
    bus.memory.remove_listener(listener);
}

TEST_CASE_METHOD(MmuFixture, "a page table outside of RAM is an access fault") {
    registers.satp = satp::sv39 << satp::mode_low | 0x1000'0000 >> page_shift;
    CHECK(fault_code(0x1000, MemoryAction::read) == code(Exception::load_access_fault));
    CHECK(fault_code(0x1000, MemoryAction::write) == code(Exception::store_access_fault));
    CHECK(fault_code(0x1000, MemoryAction::execute) == code(Exception::instruction_access_fault));
}

TEST_CASE_METHOD(MmuFixture, "a table in ROM is walked, but A can't be set there") {
    auto rom = Ram::create("rom", page_size).value();
    bus.memory.map({{0x2000'0000}, page_size, rom.get(), 0, true, nullptr, "rom"}).value();
    reinterpret_cast<u64*>(rom->host())[0] = leaf(0, v | r | a);
    reinterpret_cast<u64*>(rom->host())[1] = leaf(0, v | r);
    registers.satp = satp::sv39 << satp::mode_low | 0x2000'0000 >> page_shift;
    CHECK(reads(0x1000));
    CHECK(fault_code(GiB, MemoryAction::read) == code(Exception::load_access_fault));
    bus.memory.unmap({0x2000'0000});
}

TEST_CASE_METHOD(MmuFixture, "Svnapot makes sixteen pages one") {
    constexpr u64 napot = u64{1} << 63;
    map(0x2'3000, leaf(0x4567'8000, rwx_ad) | napot);
    const auto result = translate(0x2'3abc, MemoryAction::read);
    REQUIRE(result.has_value());
    CHECK(result->address.value == 0x4567'3abc);
    CHECK(result->page_size_bytes == 64 * KiB);
    map(0x2'3000, leaf(0x4567'4000, rwx_ad) | napot); // another size
    CHECK_FALSE(reads(0x2'3000));
    map(0, leaf(0x4560'0000, rwx_ad) | napot, 1); // a superpage
    CHECK_FALSE(reads(0));
}

TEST_CASE_METHOD(MmuFixture, "Svpbmt's memory types are accepted under PBMTE, but the reserved one") {
    registers.menvcfg |= envcfg::pbmte;
    for (const u64 type : {1u, 2u}) {
        map(0x1000, leaf(ram, rwx_ad) | type << 61);
        CHECK(reads(0x1000));
    }
    map(0x1000, leaf(ram, rwx_ad) | u64{3} << 61);
    CHECK_FALSE(reads(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "the walker obeys physical memory protection") {
    map(0x1000, leaf(ram, rwx_ad));
    registers.pmpaddr[0] = (root + page_size) >> 2; // the second table, eight bytes at its beginning
    registers.pmpcfg[0] = pmpcfg::napot << pmpcfg::a_low;
    hart.pmp().decode();
    CHECK(fault_code(0x1000, MemoryAction::write) == code(Exception::store_access_fault));
    registers.pmpcfg[0] |= pmpcfg::r;
    hart.pmp().decode();
    CHECK(writes(0x1000));
}

TEST_CASE_METHOD(MmuFixture, "the walker needs write permission to set A") {
    const u64 place = map(0x1000, leaf(ram, v | r));
    registers.pmpaddr[0] = place >> 2;
    registers.pmpcfg[0] = pmpcfg::r | pmpcfg::napot << pmpcfg::a_low;
    hart.pmp().decode();
    CHECK(fault_code(0x1000, MemoryAction::read) == code(Exception::load_access_fault));
    CHECK(word(place) == leaf(ram, v | r));
}

TEST_CASE_METHOD(MmuFixture, "an untranslated address has 56 bits") {
    registers.satp = 0;
    CHECK(translate(0x00ff'ffff'ffff'fff0, MemoryAction::read)->address.value == 0x00ff'ffff'ffff'fff0);
    CHECK(fault_code(0x0100'0000'0000'0000, MemoryAction::read) == code(Exception::load_access_fault));
}

TEST_CASE_METHOD(MmuFixture, "contexts tell apart whatever changes translation or permission") {
    std::vector<AddressContext> seen;
    const auto is_new = [&] {
        const AddressContext context = hart.address_context();
        const bool found = std::ranges::find(seen, context) != seen.end();
        seen.push_back(context);
        return !found;
    };
    CHECK(is_new()); // supervisor
    registers.mstatus = mstatus::sum;
    CHECK(is_new());
    registers.mstatus = mstatus::mxr;
    CHECK(is_new());
    registers.mstatus = mstatus::sum | mstatus::mxr;
    CHECK(is_new());
    set_privilege(Privilege::user);
    CHECK(is_new());
    registers.mstatus = mstatus::mxr | mstatus::spp; // SUM and others mean nothing in user mode
    CHECK_FALSE(is_new());
    registers.mstatus = 0;
    CHECK(is_new());
    use(satp::sv39, 1);
    CHECK(is_new());
    use(satp::sv48, 1);
    CHECK(is_new());
    set_privilege(Privilege::machine);
    CHECK(is_new());
    registers.mstatus = mstatus::mprv;
    CHECK(is_new());
    set_privilege(Privilege::supervisor);
    registers.mstatus = 0;
    registers.satp = 0;
    CHECK(is_new());
    set_privilege(Privilege::user); // without translation supervisor and user are alike
    CHECK_FALSE(is_new());
}

TEST_CASE_METHOD(MmuFixture, "machine mode ignores satp") {
    set_privilege(Privilege::machine);
    CHECK(hart.address_context().space == 0);
    registers.satp = 0;
    CHECK(hart.address_context().space == 0);
}

} // namespace
} // namespace orrery::riscv
