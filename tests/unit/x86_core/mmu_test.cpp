#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

constexpr u64 root = 0x10000;
constexpr u64 user_rw = entry::present | entry::writable | entry::user;

struct PagingFixture : CoreFixture {
    // Four levels for linear addresses from 0 on: 4 KiB pages through `table`, 2 MiB pages through `directory`.
    static constexpr u64 pointers = 0x11000, directory = 0x12000, table = 0x13000;

    void four_levels() {
        state.cr0 |= cr0::pe | cr0::pg;
        state.cr4 |= cr4::pae;
        state.efer |= efer::lme | efer::lma | efer::nxe;
        state.cr3 = root;
        write(root, pointers | user_rw, 8);
        write(pointers, directory | user_rw, 8);
        write(directory, table | user_rw, 8);
    }
    void be_user() { state.segment(Segment::ss).rights |= 3 << access::dpl_low; }
    auto translate(u64 linear, MemoryAction action = MemoryAction::read) {
        return core.mmu().translate(linear, action, explicit_access);
    }
    u32 error_of(u64 linear, MemoryAction action = MemoryAction::read) {
        const auto answer = translate(linear, action);
        REQUIRE_FALSE(answer);
        REQUIRE(vector_of(answer.error()) == vector::pf);
        REQUIRE(answer.error().value == linear);
        return error_code_of(answer.error());
    }
    u64 address_of(u64 linear, MemoryAction action = MemoryAction::read) {
        const auto answer = translate(linear, action);
        REQUIRE(answer);
        return answer->address.value;
    }
};

namespace code = page_fault_code;

} // namespace

TEST_CASE_METHOD(PagingFixture, "without paging linear addresses are physical, but for bit 20 while A20 is masked") {
    CHECK(address_of(0x123456) == 0x123456);
    state.a20 = false;
    CHECK(address_of(0x123456) == 0x023456);
}

TEST_CASE_METHOD(PagingFixture, "four levels lead to a page, and mark what they used as accessed and dirty") {
    four_levels();
    write(table + 5 * 8, 0x77000 | user_rw, 8);
    CHECK(address_of(0x5123) == 0x77123);
    for (const u64 place : {root, pointers, directory, table + 5 * 8}) CHECK((read(place, 8) & entry::accessed) != 0);
    CHECK((read(table + 5 * 8, 8) & entry::dirty) == 0);
    CHECK_FALSE(translate(0x5123)->writable);
    CHECK(address_of(0x5123, MemoryAction::write) == 0x77123);
    CHECK((read(table + 5 * 8, 8) & entry::dirty) != 0);
    CHECK((read(directory, 8) & entry::dirty) == 0);
    CHECK(translate(0x5123)->writable);
}

TEST_CASE_METHOD(PagingFixture, "addresses that aren't canonical are no page faults") {
    four_levels();
    write(table + 5 * 8, 0x77000 | user_rw, 8);
    for (const u64 linear : {u64{1} << 47 | 0x5000, u64{1} << 63 | 0x5000, u64{0x7fff} << 48 | 0x5000}) {
        const auto answer = translate(linear);
        REQUIRE_FALSE(answer);
        CHECK(vector_of(answer.error()) == vector::gp);
        CHECK(error_code_of(answer.error()) == 0);
    }
}

TEST_CASE_METHOD(PagingFixture, "large pages of 2 MiB and 1 GiB are told as such") {
    four_levels();
    write(directory + 8, 0x600000 | user_rw | entry::large, 8);
    CHECK(address_of(0x2abcde) == 0x6abcde);
    CHECK(translate(0x2abcde)->page_size_bytes == 2 * MiB);
    write(pointers + 8, 0x80000000 | user_rw | entry::large, 8);
    CHECK(address_of(0x40123456) == 0x80123456);
    CHECK(translate(0x40123456)->page_size_bytes == 1 * GiB);
}

TEST_CASE_METHOD(PagingFixture, "what isn't present is a fault that names the access") {
    four_levels();
    CHECK(error_of(0x6000) == 0);
    CHECK(error_of(0x6000, MemoryAction::write) == code::write);
    CHECK(error_of(0x6000, MemoryAction::execute) == code::fetch);
    be_user();
    CHECK(error_of(0x6000) == code::user);
}

TEST_CASE_METHOD(PagingFixture, "rights are those that all levels grant") {
    four_levels();
    write(table, 0x77000 | entry::present, 8);
    write(table + 8, 0x78000 | user_rw, 8);
    be_user();
    CHECK(error_of(0) == (code::present | code::user));
    CHECK(address_of(0x1000, MemoryAction::write) == 0x78000);
    write(directory, table | entry::present | entry::user, 8);
    CHECK(address_of(0x1000) == 0x78000);
    CHECK(error_of(0x1000, MemoryAction::write) == (code::present | code::write | code::user));
}

TEST_CASE_METHOD(PagingFixture, "read-only pages bind the supervisor under CR0.WP alone") {
    four_levels();
    write(table, 0x77000 | entry::present, 8);
    CHECK(address_of(0, MemoryAction::write) == 0x77000);
    state.cr0 |= cr0::wp;
    CHECK(error_of(0, MemoryAction::write) == (code::present | code::write));
}

TEST_CASE_METHOD(PagingFixture, "NX forbids fetches, and is a reserved bit unless EFER.NXE is set") {
    four_levels();
    write(table, 0x77000 | user_rw | entry::no_execute, 8);
    CHECK(address_of(0) == 0x77000);
    CHECK(error_of(0, MemoryAction::execute) == (code::present | code::fetch));
    state.efer &= ~efer::nxe;
    CHECK(error_of(0) == (code::present | code::reserved_bit));
}

TEST_CASE_METHOD(PagingFixture, "SMEP keeps the supervisor from running user pages, SMAP from touching them") {
    four_levels();
    write(table, 0x77000 | user_rw, 8);
    CHECK(address_of(0, MemoryAction::execute) == 0x77000);
    state.cr4 |= cr4::smep | cr4::smap;
    CHECK(error_of(0, MemoryAction::execute) == (code::present | code::fetch));
    CHECK(error_of(0) == code::present);
    state.rflags |= flag::alignment_check;
    CHECK(address_of(0) == 0x77000);
    CHECK_FALSE(core.mmu().translate(0, MemoryAction::read, implicit_access)); // AC is for explicit accesses
    be_user();
    CHECK(address_of(0, MemoryAction::execute) == 0x77000);
}

TEST_CASE_METHOD(PagingFixture, "implicit accesses are the supervisor's, whoever runs") {
    four_levels();
    write(table, 0x77000 | entry::present | entry::writable, 8);
    be_user();
    CHECK_FALSE(translate(0));
    CHECK(core.mmu().translate(0, MemoryAction::write, implicit_access));
}

TEST_CASE_METHOD(PagingFixture, "reserved bits are faults with their own bit") {
    four_levels();
    for (const u64 bad : {u64{1} << physical_address_bits, u64{1} << 51}) {
        write(table, 0x77000 | user_rw | bad, 8);
        CHECK(error_of(0) == (code::present | code::reserved_bit));
    }
    write(directory + 8, 0x600000 | user_rw | entry::large | 1 << 13, 8);
    CHECK(error_of(0x200000) == (code::present | code::reserved_bit));
    write(root, pointers | user_rw | entry::large, 8);
    CHECK(error_of(0) == (code::present | code::reserved_bit));
}

TEST_CASE_METHOD(PagingFixture, "two levels have entries of 32 bits, and pages of 4 MiB with 40 bits of address") {
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr3 = root;
    write(root, 0x11000 | user_rw, 4);
    write(0x11000 + 3 * 4, 0x77000 | user_rw, 4);
    CHECK(address_of(0x3123) == 0x77123);
    write(root + 4, 0x00c00000 | 0x2000 | user_rw | entry::large, 4); // bit 13 is bit 32 of the address
    state.cr4 |= cr4::pse;
    CHECK(address_of(0x412345) == 0x1'00c1'2345);
    CHECK(translate(0x412345)->page_size_bytes == 4 * MiB);
    CHECK(error_of(0x800000, MemoryAction::execute) == 0); // fetches are told with NX or SMEP only
    write(root + 4, 0x00c00000 | 1 << 21 | user_rw | entry::large, 4);
    CHECK(error_of(0x412345) == (code::present | code::reserved_bit));
}

TEST_CASE_METHOD(PagingFixture, "PAE's top entries are those that a load of CR3 has read") {
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr4 |= cr4::pae;
    write(0x10020 + 8, directory | entry::present, 8);
    const auto read_entries = core.mmu().read_pdptes(0x10020);
    REQUIRE(read_entries);
    state.cr3 = 0x10020;
    state.pdptes = *read_entries;
    write(directory, table | user_rw, 8);
    write(table + 8, 0x77000 | user_rw, 8);
    CHECK(address_of(0x4000'1123) == 0x77123);
    CHECK(error_of(0x1000) == 0);
    write(0x10020 + 8, 0, 8);
    CHECK(address_of(0x4000'1123) == 0x77123);
    write(0x10020, entry::present | 1 << 5, 8);
    REQUIRE_FALSE(core.mmu().read_pdptes(0x10020));
    CHECK(vector_of(core.mmu().read_pdptes(0x10020).error()) == vector::gp);
}

TEST_CASE_METHOD(PagingFixture, "five levels reach 57 bits") {
    four_levels();
    state.cr4 |= cr4::la57;
    constexpr u64 top = 0x15000;
    state.cr3 = top;
    write(top + 8, root | user_rw, 8);
    write(table, 0x77000 | user_rw, 8);
    CHECK(address_of((u64{1} << 48) | 0x123) == 0x77123);
    CHECK(error_of(0x123) == 0);
}

TEST_CASE_METHOD(PagingFixture, "an inspection tells the way and changes nothing") {
    four_levels();
    write(table + 5 * 8, 0x77000 | user_rw, 8);
    const Mmu::Inspection found = core.mmu().inspect(0x5123);
    REQUIRE(found.entries.size() == 4);
    CHECK(found.entries[0].address.value == root);
    CHECK(found.entries[3].level == 0);
    CHECK(found.address->value == 0x77123);
    CHECK(found.answered);
    CHECK((read(table + 5 * 8, 8) & entry::accessed) == 0);
    CHECK(core.mmu().inspect(0x6000).entries.size() == 4);
    CHECK_FALSE(core.mmu().inspect(0x6000).address);
    CHECK_FALSE(core.mmu().inspect(u64{1} << 50).canonical);
}

TEST_CASE_METHOD(PagingFixture, "privilege and what changes it make contexts of their own") {
    four_levels();
    const AddressContext supervisor = core.mmu().context();
    state.cr4 |= cr4::smap;
    const AddressContext closed = core.mmu().context();
    be_user();
    const AddressContext user = core.mmu().context();
    CHECK(supervisor.data_view != closed.data_view);
    CHECK(user.data_view != supervisor.data_view);
    CHECK(user.data_view != closed.data_view);
    CHECK(user.space == supervisor.space);
    state.cr3 = 0x20000;
    CHECK(core.mmu().context().space != user.space);
    state.cr4 |= cr4::pcide;
    state.cr3 = 0x30007;
    CHECK(core.mmu().context().space == space_of_pcid(7));
}

} // namespace orrery::x86::test
