// Physical memory protection (II 3.7).
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

constexpr u8 rwx = pmpcfg::r | pmpcfg::w | pmpcfg::x;
constexpr u8 tor = pmpcfg::tor << pmpcfg::a_low;
constexpr u8 na4 = pmpcfg::na4 << pmpcfg::a_low;
constexpr u8 napot = pmpcfg::napot << pmpcfg::a_low;

struct PmpFixture : test::HartFixture {
    void entry(u32 number, u64 address_register, u8 configuration) {
        registers.pmpaddr[number] = address_register;
        registers.pmpcfg[number] = configuration;
        hart.pmp().decode();
    }
    PmpPermission user(u64 address) { return hart.pmp().permission({address}, Privilege::user); }
    PmpPermission machine(u64 address) { return hart.pmp().permission({address}, Privilege::machine); }
};

TEST_CASE_METHOD(PmpFixture, "without entries machine mode may do everything, the others nothing") {
    CHECK(machine(0x1000).read);
    CHECK(machine(0x1000).execute);
    CHECK_FALSE(user(0x1000).read);
    CHECK_FALSE(hart.pmp().permission({0x1000}, Privilege::supervisor).execute);
}

TEST_CASE_METHOD(PmpFixture, "an entry that is off matches nothing") {
    entry(0, 0x1000 >> 2, rwx);
    CHECK_FALSE(user(0x1000).read);
}

TEST_CASE_METHOD(PmpFixture, "NAPOT covers its power of two") {
    entry(0, 0x8000'0000 >> 2 | 0x1ff, pmpcfg::r | napot); // 4 KiB
    CHECK(user(0x8000'0000).read);
    CHECK(user(0x8000'0fff).read);
    CHECK_FALSE(user(0x8000'1000).read);
    CHECK_FALSE(user(0x7fff'ffff).read);
    CHECK_FALSE(user(0x8000'0000).write);
    entry(0, (u64{1} << 54) - 1, rwx | napot);
    CHECK(user(0).write);
    CHECK(user(0xff'ffff'ffff'ffff).execute);
    entry(0, 0x40, rwx | napot); // no trailing one: eight bytes
    CHECK(user(0x107).read);
    CHECK_FALSE(user(0x108).read);
}

TEST_CASE_METHOD(PmpFixture, "NA4 covers four bytes and makes its page uncacheable") {
    entry(0, 0x1008 >> 2, rwx | na4);
    CHECK(user(0x100b).read);
    CHECK_FALSE(user(0x100c).read);
    CHECK_FALSE(user(0x1007).read);
    CHECK_FALSE(user(0x1000).whole_page);
    CHECK(user(0x2000).whole_page);
}

TEST_CASE_METHOD(PmpFixture, "an answer reaches to where another entry decides, or to the end of the page") {
    entry(1, 0x1010 >> 2 | 1, rwx | napot); // 0x1010 to 0x101f
    CHECK(user(0x1018).bytes == 8);
    CHECK(user(0x101f).bytes == 1);
    CHECK(user(0x1000).bytes == 16);
    CHECK(user(0x1020).bytes == 0x1000 - 0x20);
    CHECK(user(0x2004).bytes == 0x1000 - 4);
    entry(0, 0x1014 >> 2, pmpcfg::r | na4); // comes first, and cuts the other in two
    CHECK(user(0x1010).bytes == 4);
    CHECK(user(0x1014).bytes == 4);
    CHECK(user(0x1018).bytes == 8);
}

TEST_CASE_METHOD(PmpFixture, "TOR reaches from the entry below to its own address") {
    entry(0, 0x3000 >> 2, pmpcfg::r | tor);
    entry(1, 0x5000 >> 2, rwx | tor);
    CHECK(user(0).read);
    CHECK_FALSE(user(0x2fff).write);
    CHECK(user(0x3000).write);
    CHECK(user(0x4fff).write);
    CHECK_FALSE(user(0x5000).read);
    entry(1, 0x3000 >> 2, rwx | tor); // empty
    CHECK_FALSE(user(0x3000).read);
}

TEST_CASE_METHOD(PmpFixture, "the first entry that matches decides") {
    entry(3, 0x8000'0000 >> 2 | 0x1ff, napot);
    entry(4, (u64{1} << 54) - 1, rwx | napot);
    CHECK_FALSE(user(0x8000'0800).read);
    CHECK(user(0x8000'1000).read);
    CHECK(user(0x8000'0000).whole_page);
    CHECK(user(0x8000'1000).whole_page);
}

TEST_CASE_METHOD(PmpFixture, "an unlocked entry doesn't bind machine mode, a locked one does") {
    entry(0, (u64{1} << 54) - 1, pmpcfg::r | napot);
    CHECK(machine(0x1000).write);
    entry(0, (u64{1} << 54) - 1, pmpcfg::r | napot | pmpcfg::l);
    CHECK(machine(0x1000).read);
    CHECK_FALSE(machine(0x1000).write);
    CHECK_FALSE(machine(0x1000).execute);
}

TEST_CASE_METHOD(PmpFixture, "a page cut by an entry may not be remembered") {
    entry(0, 0x1800 >> 2, tor);
    entry(1, (u64{1} << 54) - 1, rwx | napot);
    set_privilege(Privilege::supervisor);
    CHECK_FALSE(hart.translate_address({0x1000}, MemoryAction::read, 0).has_value());
    const auto beyond = hart.translate_address({0x1800}, MemoryAction::read, 0);
    REQUIRE(beyond.has_value());
    CHECK_FALSE(beyond->cacheable);
    CHECK(hart.translate_address({0x2000}, MemoryAction::read, 0)->cacheable);
}

TEST_CASE_METHOD(PmpFixture, "a locked entry can't be written, nor the address below a locked TOR") {
    write("pmpaddr0", 0x100);
    write("pmpaddr1", 0x200);
    write("pmpcfg0", u64{pmpcfg::r | tor | pmpcfg::l} << 8);
    write("pmpcfg0", 0);
    CHECK(read("pmpcfg0") == u64{pmpcfg::r | tor | pmpcfg::l} << 8);
    write("pmpaddr0", 1);
    write("pmpaddr1", 1);
    write("pmpaddr2", 1);
    CHECK(read("pmpaddr0") == 0x100);
    CHECK(read("pmpaddr1") == 0x200);
    CHECK(read("pmpaddr2") == 1);
}

TEST_CASE_METHOD(PmpFixture, "pmpcfg drops reserved bits and W without R") {
    write("pmpcfg2", 0x7f7a'6006);
    CHECK(read("pmpcfg2") == 0x1f18'0004);
    CHECK(registers.pmpcfg[8] == 4);
}

TEST_CASE_METHOD(PmpFixture, "a changed entry drops remembered translations, an unchanged one doesn't") {
    write("pmpaddr0", 0x100);
    CHECK(engine.notes == std::vector<std::string>{"flush_all"});
    CHECK(engine.left);
    write("pmpaddr0", 0x100);
    CHECK(engine.notes.size() == 1);
}

} // namespace
} // namespace orrery::riscv
