// What sfence.vma, fence.i and the cache-block operations ask of the engine.
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 rs1 = 5 << 15, rs2 = 6 << 20;
using Notes = std::vector<std::string>;

struct FenceFixture : test::HartFixture {
    FenceFixture() {
        open_pmp();
        set_privilege(Privilege::supervisor);
        registers.satp = satp::sv39 << 60 | u64{7} << 44;
    }
    void call(HelperNumber number, u64 a = 0, u64 b = 0, u64 bits = 0) {
        hart.description().helpers[static_cast<u16>(number)].function(static_cast<Frontend*>(&hart), a, b, bits);
    }
    bool raised(Exception exception, u64 value) {
        const bool result =
            engine.raised && engine.raised->code == static_cast<u64>(exception) && engine.raised->value == value;
        engine.raised.reset();
        return result;
    }
};

TEST_CASE_METHOD(FenceFixture, "sfence.vma forgets no more than its operands name") {
    call(HelperNumber::sfence_vma, 0x1000, 9, 0);
    call(HelperNumber::sfence_vma, 0x1000, 9, rs1);
    call(HelperNumber::sfence_vma, 0x1000, 9, rs2);
    call(HelperNumber::sfence_vma, 0x1000, 0xffff'0009, rs1 | rs2);
    CHECK(engine.notes ==
          Notes{"flush_all", "flush_page 0x1000", "flush_space 0x80009", "flush_page 0x1000 in 0x80009"});
    CHECK(engine.left);
}

TEST_CASE_METHOD(FenceFixture, "the space that sfence.vma names is the one accesses use") {
    call(HelperNumber::sfence_vma, 0, 7, rs2);
    CHECK(engine.notes.back() == fmt::format("flush_space {:#x}", hart.address_context().space));
}

TEST_CASE_METHOD(FenceFixture, "an ASID without a paging mode stands for all") {
    registers.satp = 0;
    call(HelperNumber::sfence_vma, 0x1000, 9, rs2);
    call(HelperNumber::sfence_vma, 0x1000, 9, rs1 | rs2);
    CHECK(engine.notes == Notes{"flush_all", "flush_page 0x1000"});
}

TEST_CASE_METHOD(FenceFixture, "sfence.vma is illegal in user mode, and under TVM in supervisor mode") {
    registers.mstatus = mstatus::tvm;
    call(HelperNumber::sfence_vma, 0, 0, 0x1200'0073);
    CHECK(raised(Exception::illegal_instruction, 0x1200'0073));
    registers.mstatus = 0;
    set_privilege(Privilege::user);
    call(HelperNumber::sfence_vma, 0, 0, 0x1200'0073);
    CHECK(raised(Exception::illegal_instruction, 0x1200'0073));
    call(HelperNumber::sfence_inval, 0, 0, 0x1800'0073);
    CHECK(raised(Exception::illegal_instruction, 0x1800'0073));
    CHECK(engine.notes.empty());
}

TEST_CASE_METHOD(FenceFixture, "sfence.w.inval and sfence.inval.ir heed no TVM") {
    registers.mstatus = mstatus::tvm;
    call(HelperNumber::sfence_inval, 0, 0, 0x1800'0073);
    CHECK_FALSE(engine.raised);
}

TEST_CASE_METHOD(FenceFixture, "fence.i synchronizes code") {
    call(HelperNumber::fence_i);
    CHECK(engine.notes == Notes{"synchronize_code"});
    CHECK(engine.left);
}

TEST_CASE_METHOD(FenceFixture, "cbo.zero clears the block around the address, if menvcfg and senvcfg allow it") {
    call(HelperNumber::cbo_zero, 0x1234, 0, 0x4a00f);
    CHECK(raised(Exception::illegal_instruction, 0x4a00f));
    registers.menvcfg |= envcfg::cbze;
    call(HelperNumber::cbo_zero, 0x1234);
    CHECK(engine.notes == Notes{"zero 0x1200 64"});
    set_privilege(Privilege::user);
    call(HelperNumber::cbo_zero, 0x1234, 0, 0x4a00f);
    CHECK(raised(Exception::illegal_instruction, 0x4a00f));
    registers.senvcfg = envcfg::cbze;
    call(HelperNumber::cbo_zero, 0x1240);
    CHECK(engine.notes.back() == "zero 0x1240 64");
    registers.menvcfg = registers.senvcfg = 0;
    set_privilege(Privilege::machine);
    call(HelperNumber::cbo_zero, 0x1280);
    CHECK(engine.notes.back() == "zero 0x1280 64");
}

TEST_CASE_METHOD(FenceFixture, "cbo.clean and cbo.inval heed their own bits of menvcfg") {
    registers.satp = 0;
    const u64 address = 0x8000'0040;
    registers.menvcfg = envcfg::cbze;
    call(HelperNumber::cbo_manage, address, 0, 1);
    CHECK(raised(Exception::illegal_instruction, 1));
    call(HelperNumber::cbo_inval, address, 0, 2);
    CHECK(raised(Exception::illegal_instruction, 2));
    registers.menvcfg = envcfg::cbcfe | u64{1} << envcfg::cbie_low;
    call(HelperNumber::cbo_manage, address);
    call(HelperNumber::cbo_inval, address);
    CHECK_FALSE(engine.raised);
}

TEST_CASE_METHOD(FenceFixture, "a cache block that can't be reached faults like a store") {
    set_privilege(Privilege::machine);
    call(HelperNumber::cbo_manage, 0x4000'0000);
    CHECK(raised(Exception::store_access_fault, 0x4000'0000));
    set_privilege(Privilege::supervisor);
    registers.menvcfg |= envcfg::cbcfe;
    registers.satp = satp::sv39 << 60 | 0x8000'0000 >> page_shift;
    call(HelperNumber::cbo_manage, 0x1008);
    CHECK(raised(Exception::store_page_fault, 0x1008));
    registers.satp = satp::sv39 << 60; // a table where nothing is
    call(HelperNumber::cbo_manage, 0x1008);
    CHECK(raised(Exception::store_access_fault, 0x1008));
}

} // namespace
} // namespace orrery::riscv
