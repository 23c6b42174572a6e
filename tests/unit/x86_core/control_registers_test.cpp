#include "cpu/x86/control_registers.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

constexpr u64 all_of_cr4 = cr4::vme | cr4::pse | cr4::pae | cr4::pge | cr4::pcide | cr4::smep | cr4::la57;

bool refused(const Faulting<void>& result) {
    return !result && vector_of(result.error()) == vector::gp && error_code_of(result.error()) == 0;
}

} // namespace

TEST_CASE_METHOD(CoreFixture, "CR0 refuses paging without protection and NW without CD") {
    CHECK(refused(write_cr0(core, cr0::pg)));
    CHECK(refused(write_cr0(core, cr0::nw)));
    CHECK(refused(write_cr0(core, u64{1} << 32)));
    REQUIRE(write_cr0(core, cr0::pe));
    CHECK(state.cr0 == (cr0::pe | cr0::et));
}

TEST_CASE_METHOD(CoreFixture, "long mode becomes active when paging is switched on under LME with PAE") {
    REQUIRE(write_efer(core, efer::lme));
    CHECK((state.efer & efer::lma) == 0);
    CHECK(refused(write_cr0(core, cr0::pe | cr0::pg))); // no PAE
    REQUIRE(write_cr4(core, cr4::pae, all_of_cr4));
    REQUIRE(write_cr0(core, cr0::pe | cr0::pg));
    CHECK((state.efer & efer::lma) != 0);
    CHECK(refused(write_cr4(core, 0, all_of_cr4)));
    CHECK(refused(write_efer(core, 0)));
    CHECK(refused(write_cr3(core, u64{1} << physical_address_bits)));
    REQUIRE(write_cr0(core, cr0::pe));
    CHECK((state.efer & efer::lma) == 0);
    REQUIRE(write_efer(core, 0));
}

TEST_CASE_METHOD(CoreFixture, "64-bit code can't switch its paging off, nor code with PCIDs") {
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr4 = cr4::pae | cr4::pcide;
    state.efer = efer::lme | efer::lma;
    CHECK(refused(write_cr0(core, cr0::pe)));
    state.cr4 = cr4::pae;
    state.segment(Segment::cs).rights |= access::long_mode;
    CHECK(refused(write_cr0(core, cr0::pe)));
}

TEST_CASE_METHOD(CoreFixture, "a load of CR3 forgets its address space, unless its PCID's bit 63 says to keep it") {
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr4 = cr4::pae;
    state.efer = efer::lme | efer::lma;
    REQUIRE(write_cr3(core, 0x1000));
    CHECK(engine.notes == std::vector<std::string>{fmt::format("flush_space {:#x}", space_of(state))});
    CHECK(refused(write_cr4(core, cr4::pae | cr4::pcide, 0)));
    REQUIRE(write_cr4(core, cr4::pae | cr4::pcide, all_of_cr4));
    engine.notes.clear();
    REQUIRE(write_cr3(core, 0x2005));
    REQUIRE(write_cr3(core, 0x3006 | cr3::keep_translations));
    CHECK(state.cr3 == 0x3006);
    CHECK(engine.notes == std::vector<std::string>{fmt::format("flush_space {:#x}", space_of_pcid(5))});
}

TEST_CASE_METHOD(CoreFixture, "PCIDs can be switched on in long mode only, from PCID 0") {
    CHECK(refused(write_cr4(core, cr4::pcide, all_of_cr4)));
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr4 = cr4::pae;
    state.efer = efer::lme | efer::lma;
    state.cr3 = 0x1001;
    CHECK(refused(write_cr4(core, cr4::pae | cr4::pcide, all_of_cr4)));
}

TEST_CASE_METHOD(CoreFixture, "lmsw sets PE and never clears it") {
    REQUIRE(load_machine_status_word(core, cr0::pe | cr0::ts));
    CHECK((state.cr0 & (cr0::pe | cr0::ts)) == (cr0::pe | cr0::ts));
    REQUIRE(load_machine_status_word(core, 0));
    CHECK((state.cr0 & (cr0::pe | cr0::ts)) == cr0::pe);
}

TEST_CASE_METHOD(CoreFixture, "invpcid forgets an address, a PCID or everything, and refuses what is neither") {
    state.cr0 |= cr0::pe | cr0::pg;
    state.cr4 = cr4::pae | cr4::pcide;
    state.efer = efer::lme | efer::lma;
    REQUIRE(invalidate_pcid(core, 0, 3, 0x5000));
    REQUIRE(invalidate_pcid(core, 1, 4, 0));
    REQUIRE(invalidate_pcid(core, 2, 0, 0));
    CHECK(engine.notes == std::vector<std::string>{fmt::format("flush_page 0x5000 in {:#x}", space_of_pcid(3)),
                                                   fmt::format("flush_space {:#x}", space_of_pcid(4)), "flush_all"});
    CHECK(refused(invalidate_pcid(core, 4, 0, 0)));
    CHECK(refused(invalidate_pcid(core, 0, 0, u64{1} << 60)));
    CHECK(refused(invalidate_pcid(core, 1, 0x1000, 0)));
}

} // namespace orrery::x86::test
