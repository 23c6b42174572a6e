// The CSR table: which exist, their reset values, writable bits and privilege.
#include <map>

#include "cpu/riscv/names.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

using test::HartFixture;

struct Expected {
    std::string name;
    u64 reset = 0;
    u64 ones = 0;  // what it reads after all ones were written
    u64 zeros = 0; // and after zero
};

constexpr u64 all = ~u64{0};
constexpr u64 events = 0xf000'0000'0000'0000;

// From the manual's text, not from the table under test.
const std::vector<Expected>& expected_csrs() {
    static const std::vector<Expected> list = [] {
        std::vector<Expected> csrs = {
            {"sstatus", 0x2'0000'0000, 0x8000'0002'000c'6122, 0x2'0000'0000},
            {"sie", 0, 0, 0},
            {"stvec", 0, 0, 0}, // MODE 3 is reserved
            {"scounteren", 0, 0xffff'ffff, 0},
            {"senvcfg", 0, 0xf1, 0},
            {"sscratch", 0, all, 0},
            {"sepc", 0, all - 1, 0},
            {"scause", 0, all, 0},
            {"stval", 0, all, 0},
            {"sip", 0, 0, 0},
            {"stimecmp", all, all, 0},
            {"satp", 0, 0, 0}, // MODE 15 is reserved
            {"scountovf", 0},
            {"mstatus", 0xa'0000'0000, 0x8000'000a'007e'79aa, 0xa'0000'0000},
            {"misa", 0x8000'0000'0014'112f, 0x8000'0000'0014'112f, 0x8000'0000'0014'112f},
            {"medeleg", 0, 0xb3ff, 0},
            {"mideleg", 0, 0x2222, 0},
            {"mie", 0, 0x2aaa, 0},
            {"mtvec", 0, 0, 0},
            {"mcounteren", 0, 0xffff'ffff, 0},
            {"menvcfg", u64{1} << 61, 0xe000'0000'0000'00f1, 0},
            {"mcountinhibit", 0, 0xffff'fffd, 0},
            {"mscratch", 0, all, 0},
            {"mepc", 0, all - 1, 0},
            {"mcause", 0, all, 0},
            {"mtval", 0, all, 0},
            {"mip", 0, 0x2222, 0},
            {"mcycle", 1000, all - 1, all}, // the engine doesn't advance its count between the two
            {"minstret", 1000, all - 1, all},
            {"mvendorid"},
            {"marchid"},
            {"mimpid"},
            {"mhartid", 3},
            {"mconfigptr"},
            {"tselect"},
            {"tdata1"},
            {"tdata2"},
            {"tdata3"},
            {"cycle", 1000},
            {"time", 0},
            {"instret", 1000},
            {"pmpcfg0", 0, 0x9f9f'9f9f'9f9f'9f9f, 0x9f9f'9f9f'9f9f'9f9f}, // locked for good
            {"pmpcfg2", 0, 0x9f9f'9f9f'9f9f'9f9f, 0x9f9f'9f9f'9f9f'9f9f},
        };
        for (u32 i = 3; i < 32; ++i) {
            csrs.push_back({fmt::format("mhpmcounter{}", i), 0, all, 0});
            csrs.push_back({fmt::format("hpmcounter{}", i)});
            csrs.push_back({fmt::format("mhpmevent{}", i), 0, events, 0});
        }
        for (u32 i = 0; i < 16; ++i) csrs.push_back({fmt::format("pmpaddr{}", i), 0, (u64{1} << 54) - 1, 0});
        return csrs;
    }();
    return list;
}

struct CsrFixture : HartFixture {
    CsrFixture() : HartFixture({.hart_id = 3}) { engine.retired_count = 1000; }
};

TEST_CASE_METHOD(CsrFixture, "every CSR has its reset value and writable bits") {
    for (const Expected& csr : expected_csrs()) {
        INFO(csr.name);
        const u32 number = csr_number(csr.name).value();
        CHECK(read(csr.name) == csr.reset);
        if (csr_read_only(number)) {
            CHECK_FALSE(access(csr.name, CsrOperation::write, 0));
            CHECK_FALSE(access(csr.name, CsrOperation::set, 0));
            continue;
        }
        write(csr.name, all);
        CHECK(read(csr.name) == csr.ones);
        write(csr.name, 0);
        CHECK(read(csr.name) == csr.zeros);
        hart.reset();
        engine.retired_count = 1000;
    }
}

TEST_CASE_METHOD(CsrFixture, "no other CSR exists") {
    std::map<u32, std::string> names = {{0x001, "fflags"}, {0x002, "frm"}, {0x003, "fcsr"}, {0x7a4, "tinfo"}};
    for (const Expected& csr : expected_csrs()) names[csr_number(csr.name).value()] = csr.name;
    registers.mstatus = mstatus::fs;
    for (u32 number = 0; number < 4096; ++number) {
        INFO(fmt::format("{:#x}", number));
        CHECK(access_csr(hart, number, CsrOperation::read, 0).has_value() == names.contains(number));
    }
    CHECK(csr_definitions().size() == names.size());
}

TEST_CASE_METHOD(CsrFixture, "a CSR is out of reach of lower privilege than its number says") {
    registers.mstatus = mstatus::fs;
    registers.mcounteren = registers.scounteren = 0xffff'ffff;
    registers.menvcfg |= envcfg::stce;
    for (const CsrDefinition& csr : csr_definitions()) {
        INFO(fmt::format("{:#x}", csr.number));
        for (const Privilege privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            set_privilege(privilege);
            const bool allowed = static_cast<u32>(privilege) >= (csr.number >> 8 & 3);
            CHECK(access_csr(hart, csr.number, CsrOperation::read, 0).has_value() == allowed);
        }
    }
}

TEST_CASE_METHOD(CsrFixture, "set and clear yield the old value and change only their bits") {
    write("mscratch", 0xff00);
    CHECK(access("mscratch", CsrOperation::set, 0x00f0) == 0xff00u);
    CHECK(access("mscratch", CsrOperation::clear, 0xf000) == 0xfff0u);
    CHECK(read("mscratch") == 0x0ff0);
}

TEST_CASE_METHOD(CsrFixture, "every field of a CSR lies in bits that it can show") {
    for (const CsrDefinition& csr : csr_definitions()) {
        u64 covered = 0;
        for (const CsrField& field : csr.fields) {
            INFO(fmt::format("{:#x} {}", csr.number, field.name));
            const u64 bits = ((field.count == 64 ? 0 : u64{1} << field.count) - 1) << field.first;
            CHECK(field.first + field.count <= 64);
            CHECK((covered & bits) == 0);
            covered |= bits;
        }
    }
}

TEST_CASE_METHOD(CsrFixture, "floating-point CSRs are illegal while FS is Off and make it Dirty") {
    for (const char* name : {"fflags", "frm", "fcsr"}) {
        registers.mstatus = 0;
        CHECK_FALSE(access(name, CsrOperation::read));
        registers.mstatus = u64{1} << mstatus::fs_low;
        CHECK(access(name, CsrOperation::read).has_value());
        CHECK(registers.mstatus == u64{1} << mstatus::fs_low);
        write(name, 0);
        CHECK(registers.mstatus == mstatus::fs);
    }
    CHECK(read("mstatus") >> 63 == 1);
}

TEST_CASE_METHOD(CsrFixture, "fcsr is frm above fflags") {
    registers.mstatus = mstatus::fs;
    write("fcsr", 0xffff'ff5a);
    CHECK(read("frm") == 2);
    CHECK(read("fflags") == 0x1a);
    CHECK_FALSE(engine.left);
    write("frm", 5); // reserved: dynamic rounding becomes illegal
    CHECK(engine.left);
    CHECK(Mode::unpack(hart.key().mode).frm_reserved);
    CHECK(read("fcsr") == 0xba);
}

TEST_CASE_METHOD(CsrFixture, "satp takes the modes that exist, other writes change nothing") {
    const u64 good = satp::sv39 << 60 | u64{0xabcd} << 44 | 0xfff'ffff'ffff;
    write("satp", good);
    CHECK(read("satp") == good);
    CHECK(engine.left);
    for (const u64 mode : {1u, 7u, 11u, 15u}) {
        write("satp", mode << 60 | 0x1234);
        CHECK(read("satp") == good);
    }
    write("satp", satp::sv57 << 60);
    CHECK(read("satp") == satp::sv57 << 60);
    write("satp", 0x1234); // Bare has no other fields
    CHECK(read("satp") == 0);
}

TEST_CASE("a hart with fewer paging levels refuses the larger modes") {
    HartFixture fixture({.paging_levels = 4});
    fixture.write("satp", satp::sv57 << 60);
    CHECK(fixture.read("satp") == 0);
    fixture.write("satp", satp::sv48 << 60);
    CHECK(fixture.read("satp") == satp::sv48 << 60);
}

TEST_CASE_METHOD(CsrFixture, "remembered translations go when the paging mode changes, not with the ASID") {
    write("satp", satp::sv39 << 60);
    CHECK(engine.notes == std::vector<std::string>{"flush_all"});
    write("satp", satp::sv39 << 60 | u64{1} << 44);
    CHECK(engine.notes.size() == 1);
    CHECK(engine.context_changes == 2);
}

TEST_CASE_METHOD(CsrFixture, "TVM takes satp away from supervisor mode") {
    set_privilege(Privilege::supervisor);
    CHECK(access("satp", CsrOperation::read).has_value());
    registers.mstatus |= mstatus::tvm;
    CHECK_FALSE(access("satp", CsrOperation::read));
    CHECK_FALSE(access("satp", CsrOperation::write, 0));
}

TEST_CASE_METHOD(CsrFixture, "MPP keeps its value when 2 is written") {
    write("mstatus", u64{1} << 11);
    write("mstatus", u64{2} << 11);
    CHECK((read("mstatus") & mstatus::mpp) == u64{1} << 11);
}

TEST_CASE_METHOD(CsrFixture, "sstatus changes no machine field") {
    write("mstatus", mstatus::mpp | mstatus::mpie | mstatus::mprv | mstatus::tsr);
    write("sstatus", all);
    CHECK((registers.mstatus & ~mstatus::sstatus_writable) ==
          (mstatus::mpp | mstatus::mpie | mstatus::mprv | mstatus::tsr));
    CHECK((registers.mstatus & mstatus::sstatus_writable) == mstatus::sstatus_writable);
}

TEST_CASE_METHOD(CsrFixture, "only bits that matter to memory accesses change the context") {
    write("mstatus", mstatus::sie | mstatus::fs | mstatus::mpp | mstatus::tvm);
    CHECK(engine.context_changes == 0);
    write("sstatus", mstatus::sum);
    CHECK(engine.context_changes == 1);
    write("sstatus", mstatus::mxr | mstatus::sum);
    CHECK(engine.context_changes == 2);
    access("mstatus", CsrOperation::set, mstatus::mprv);
    CHECK(engine.context_changes == 3);
    access("mstatus", CsrOperation::clear, mstatus::mpp);
    CHECK(engine.context_changes == 4);
}

TEST_CASE_METHOD(CsrFixture, "switching floating point on ends the block") {
    write("mstatus", 0);
    CHECK_FALSE(engine.left);
    write("mstatus", mstatus::fs);
    CHECK(engine.left);
    CHECK(csr_ends_block(0x300, CsrOperation::write, {}));
}

TEST_CASE("disabling interrupts doesn't end a block, enabling them does") {
    CHECK_FALSE(csr_ends_block(0x100, CsrOperation::clear, mstatus::sie));
    CHECK(csr_ends_block(0x100, CsrOperation::clear, mstatus::sie | mstatus::fs));
    CHECK(csr_ends_block(0x100, CsrOperation::clear, {}));
    CHECK(csr_ends_block(0x100, CsrOperation::set, mstatus::sie));
    CHECK_FALSE(csr_ends_block(0x104, CsrOperation::clear, {}));
    CHECK_FALSE(csr_ends_block(0x100, CsrOperation::read, {}));
    CHECK_FALSE(csr_ends_block(0x140, CsrOperation::write, {}));
}

TEST_CASE_METHOD(CsrFixture, "CBIE's reserved value becomes 0") {
    write("menvcfg", u64{2} << 4);
    CHECK(read("menvcfg") == 0);
    write("senvcfg", u64{3} << 4);
    CHECK(read("senvcfg") == 0x30);
}

TEST_CASE("without the timer and page update extensions their bits and registers are gone") {
    HartFixture fixture({.supervisor_timer = false, .hardware_page_updates = false});
    CHECK(fixture.read("menvcfg") == 0);
    fixture.write("menvcfg", all);
    CHECK(fixture.read("menvcfg") == (envcfg::pbmte | 0xf1));
    CHECK_FALSE(fixture.access("stimecmp", CsrOperation::read));
}

TEST_CASE_METHOD(CsrFixture, "the slots that bypass the helpers are those of their CSRs") {
    const std::span<const ir::Slot> slot_list = hart.description().slots;
    CHECK(slot_list.size() == slot::count);
    u32 found = 0;
    for (u32 number = 0; number < 4096; ++number) {
        const auto direct = csr_slot(number);
        if (!direct) continue;
        ++found;
        CHECK(slot_list[direct->slot].name == csr_name(number));
        const CsrDefinition& csr = *find_csr(number);
        CHECK(csr.write == nullptr);
        CHECK(csr.writable == direct->writable);
        u64 value = 0x1234;
        std::swap(registers.*csr.storage, value);
        CHECK(*reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(&registers) +
                                            slot_list[direct->slot].offset_bytes) == 0x1234);
    }
    CHECK(found == 8);
}

TEST_CASE("slots name the registers they hold") {
    State state;
    for (u32 i = 0; i < 32; ++i) state.x[i] = 100 + i, state.f[i] = 200 + i;
    const auto value = [&](u16 number) {
        u64 result = 0;
        std::memcpy(&result, reinterpret_cast<const u8*>(&state) + slots()[number].offset_bytes, sizeof(result));
        return result;
    };
    for (u32 i = 1; i < 32; ++i) CHECK(value(slot::x(i)) == 100 + i);
    for (u32 i = 0; i < 32; ++i) CHECK(value(slot::f(i)) == 200 + i);
    for (const ir::Slot& entry : slots()) CHECK_FALSE(entry.name.empty());
    std::vector<u16> hot(hot_slots().begin(), hot_slots().end());
    std::ranges::sort(hot);
    CHECK(std::ranges::adjacent_find(hot) == hot.end());
    CHECK(hot.size() == 63);
}

TEST_CASE("the ISA string names what the hart has") {
    CHECK(isa_string({}) ==
          "rv64imafdc_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zifencei_zihintpause_"
          "zihpm_za64rs_zfhmin_zba_zbb_zbs_zkt_sscofpmf_sstc_svadu_svinval_svnapot_svpbmt");
    CHECK(isa_string({.supervisor_timer = false, .hardware_page_updates = false})
              .ends_with("_sscofpmf_svade_svinval_svnapot_svpbmt"));
    CHECK(mmu_type({.paging_levels = 4}) == "riscv,sv48");
}

} // namespace
} // namespace orrery::riscv
