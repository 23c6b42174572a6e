// Counters and the supervisor timer; and saving, restoring and entering a hart.
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

using test::HartFixture;

constexpr u64 tick_ns = 100; // 10 MHz

TEST_CASE_METHOD(HartFixture, "cycle and instret count retired instructions") {
    engine.retired_count = 41;
    CHECK(read("instret") == 41);
    CHECK(read("mcycle") == 41);
    write("minstret", 1000);
    engine.retired_count = 42; // the writing instruction
    CHECK(read("minstret") == 1000);
    engine.retired_count = 50;
    CHECK(read("instret") == 1008);
    CHECK(read("cycle") == 50);
}

TEST_CASE_METHOD(HartFixture, "an inhibited counter stands still and can be written") {
    engine.retired_count = 99;
    write("mcountinhibit", 4); // minstret
    engine.retired_count = 200;
    CHECK(read("minstret") == 100);
    CHECK(read("mcycle") == 200);
    write("minstret", 7);
    engine.retired_count = 300;
    CHECK(read("minstret") == 7);
    write("mcountinhibit", 0);
    engine.retired_count = 311; // ten after the writing one
    CHECK(read("minstret") == 17);
}

TEST_CASE_METHOD(HartFixture, "lower modes read the counters that they are given") {
    const auto readable = [&](std::string_view name) { return access(name, CsrOperation::read).has_value(); };
    for (const auto& [name, number] : {std::pair{"cycle", 0}, {"time", 1}, {"instret", 2}, {"hpmcounter31", 31}}) {
        INFO(name);
        const u64 enable = u64{1} << number;
        set_privilege(Privilege::supervisor);
        registers.mcounteren = ~enable;
        CHECK_FALSE(readable(name));
        registers.mcounteren = enable;
        registers.scounteren = ~enable;
        CHECK(readable(name));
        set_privilege(Privilege::user);
        CHECK_FALSE(readable(name));
        registers.scounteren = enable;
        CHECK(readable(name));
        registers.mcounteren = 0;
        CHECK_FALSE(readable(name));
    }
}

TEST_CASE_METHOD(HartFixture, "an event counter counts its event in the modes that aren't inhibited") {
    engine.retired_count = 100;
    write("mhpmevent3", mhpmevent::instructions | mhpmevent::minh);
    write("mhpmevent4", mhpmevent::cycles);
    write("mhpmevent5", 99); // no such event
    CHECK(read("mhpmevent5") == 0);
    engine.retired_count = 110;
    CHECK(read("mhpmcounter3") == 0);
    CHECK(read("mhpmcounter4") == 10);
    hart.set_mode(Privilege::user, 0);
    engine.retired_count = 150;
    hart.set_mode(Privilege::machine, 0);
    engine.retired_count = 160;
    CHECK(read("mhpmcounter3") == 40);
    CHECK(read("hpmcounter4") == 60);
    CHECK(read("mhpmcounter5") == 0);
    write("mcountinhibit", 1 << 4);
    engine.retired_count = 200;
    CHECK(read("mhpmcounter4") == 60);
}

TEST_CASE_METHOD(HartFixture, "an overflow sets OF and raises LCOFI once") {
    write("mhpmevent3", mhpmevent::instructions);
    write("mhpmcounter3", ~u64{0} - 9);
    registers.mie = mip::lcofip;
    registers.mstatus = mstatus::mie;
    engine.retired_count = 9;
    CHECK_FALSE(hart.take_interrupt());
    engine.retired_count = 10;
    CHECK(hart.take_interrupt());
    CHECK(registers.mcause == (u64{1} << 63 | 13));
    CHECK(read("mhpmcounter3") == 0);
    CHECK(read("mhpmevent3") == (mhpmevent::of | mhpmevent::instructions));
    CHECK(read("scountovf") == 8);
    CHECK(read("mip") == mip::lcofip);
    write("mip", 0);
    write("mhpmcounter3", ~u64{0});
    engine.retired_count = 20;
    CHECK(read("mhpmcounter3") == 9);
    CHECK(read("mip") == 0); // OF is still set
    set_privilege(Privilege::supervisor);
    CHECK(read("scountovf") == 0);
    registers.mcounteren = 8;
    CHECK(read("scountovf") == 8);
}

TEST_CASE_METHOD(HartFixture, "time is virtual time in ticks of the timebase") {
    bus.time.set_ns(12'345);
    CHECK(read("time") == 123);
    CHECK(csr_needs_count(0xc01));
    CHECK(csr_needs_count(0xc02));
    CHECK_FALSE(csr_needs_count(0x100));
}

TEST_CASE_METHOD(HartFixture, "stimecmp raises STIP when time reaches it, and a later one takes it back") {
    write("menvcfg", envcfg::stce);
    bus.advance(1000 * tick_ns);
    write("stimecmp", 1500);
    bus.advance(500 * tick_ns - 1);
    CHECK(read("mip") == 0);
    CHECK(engine.notices == 0);
    bus.advance(1);
    CHECK(read("mip") == mip::stip);
    CHECK(engine.notices == 1);
    write("stimecmp", 1501);
    CHECK(read("mip") == 0);
    write("stimecmp", 1500);
    CHECK(read("mip") == mip::stip);
    write("stimecmp", ~u64{0});
    CHECK(read("mip") == 0);
    CHECK(bus.clock.next_deadline_ns() == never_ns);
}

TEST_CASE_METHOD(HartFixture, "STIP is software's without STCE and the timer's with it") {
    write("stimecmp", 0);
    CHECK(read("mip") == 0);
    write("mip", mip::stip);
    CHECK(read("mip") == mip::stip);
    write("mip", 0);
    registers.mie = mip::stip;
    registers.mstatus = mstatus::mie;
    write("menvcfg", envcfg::stce);
    CHECK(engine.left); // it is deliverable at once
    CHECK(read("mip") == mip::stip);
    write("mip", 0);
    CHECK(read("mip") == mip::stip);
}

TEST_CASE_METHOD(HartFixture, "stimecmp below machine mode takes TM and STCE") {
    set_privilege(Privilege::supervisor);
    registers.menvcfg = envcfg::stce;
    CHECK_FALSE(access("stimecmp", CsrOperation::read));
    registers.mcounteren = 2;
    CHECK(access("stimecmp", CsrOperation::read).has_value());
    registers.menvcfg = 0;
    CHECK_FALSE(access("stimecmp", CsrOperation::write, 0));
}

std::vector<u8> save(Hart& hart) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    hart.state(visitor);
    return bytes;
}

void restore(Hart& hart, std::span<const u8> bytes) {
    RestoreVisitor visitor(bytes);
    hart.state(visitor);
    REQUIRE_FALSE(visitor.failed());
    REQUIRE(visitor.at_end());
    hart.restored();
}

TEST_CASE("a restored hart goes on with its timer, protection and counters") {
    HartFixture first;
    first.write("menvcfg", envcfg::stce);
    first.write("stimecmp", 100);
    first.write("pmpaddr0", (u64{1} << 54) - 1);
    first.write("pmpcfg0", 0x1f);
    first.write("mhpmevent3", mhpmevent::cycles);
    const std::vector<u8> saved = save(first.hart);

    HartFixture second;
    restore(second.hart, saved);
    CHECK(save(second.hart) == saved);
    CHECK(second.engine.notes == std::vector<std::string>{"flush_all"});
    CHECK(second.engine.notices == 0);
    CHECK(second.hart.pmp().permission({0x1000}, Privilege::user).execute);
    second.engine.retired_count = 5;
    CHECK(second.read("mhpmcounter3") == 5);
    second.bus.advance(100 * tick_ns);
    CHECK(second.read("mip") == mip::stip);
}

TEST_CASE("a damaged snapshot leads into no mode that doesn't exist") {
    HartFixture fixture;
    std::vector<u8> bytes(save(fixture.hart).size(), 0xff);
    restore(fixture.hart, bytes);
    CHECK(fixture.registers.x[0] == 0);
    CHECK(fixture.registers.satp == 0);
    CHECK(fixture.registers.privilege == Privilege::machine);
    for (const MemoryAction action : {MemoryAction::read, MemoryAction::write, MemoryAction::execute})
        CHECK_FALSE(fixture.hart.translate_address({~u64{0}}, action, 0).has_value());
    fixture.hart.take_interrupt();
    CHECK(Mode::unpack(fixture.hart.key().mode).privilege == Privilege::machine);
}

TEST_CASE("reset starts at the configured address in machine mode") {
    HartFixture fixture({.hart_id = 2, .reset_pc = 0x2000});
    fixture.set_privilege(Privilege::user);
    fixture.registers.satp = satp::sv39 << 60;
    fixture.hart.reset();
    CHECK(fixture.registers.pc == 0x2000);
    CHECK(fixture.registers.privilege == Privilege::machine);
    CHECK(fixture.registers.satp == 0);
    CHECK(fixture.read("mhartid") == 2);
    CHECK(fixture.engine.notes == std::vector<std::string>{"flush_all"});
}

TEST_CASE_METHOD(HartFixture, "an entry passes its arguments from a0 on") {
    const std::array<u64, 3> arguments = {1, 0x8220'0000, 3};
    hart.set_entry(0x8000'0001, arguments);
    CHECK(registers.pc == 0x8000'0000);
    CHECK(registers.x[9] == 0);
    CHECK(registers.x[10] == 1);
    CHECK(registers.x[11] == 0x8220'0000);
    CHECK(registers.x[12] == 3);
    const std::array<u64, 40> many{};
    hart.set_entry(0, many); // more than there are registers for
    CHECK(registers.x[11] == 0);
}

} // namespace
} // namespace orrery::riscv
