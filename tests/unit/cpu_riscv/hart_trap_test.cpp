// Exceptions, interrupts and the returns from them.
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 interrupt = u64{1} << 63;

struct TrapFixture : test::HartFixture {
    TrapFixture() {
        registers.pc = 0x1234;
        registers.mtvec = 0x8000'1000;
        registers.stvec = 0x8000'2000;
    }
    void raise(Exception exception, u64 value = 0) { hart.raise({static_cast<u64>(exception), value}); }
    u64 call(HelperNumber number, u64 a = 0, u64 b = 0, u64 bits = 0) {
        const ir::HelperInfo& info = hart.description().helpers[static_cast<u16>(number)];
        return info.function(static_cast<Frontend*>(&hart), a, b, bits);
    }
    bool raised_illegal(u64 bits) {
        const bool result = engine.raised && engine.raised->code == 2 && engine.raised->value == bits;
        engine.raised.reset();
        return result;
    }
};

TEST_CASE_METHOD(TrapFixture, "an exception goes to machine mode unless delegated") {
    set_privilege(Privilege::user);
    registers.mstatus = mstatus::mie;
    raise(Exception::load_page_fault, 0xdead);
    CHECK(registers.privilege == Privilege::machine);
    CHECK(registers.pc == 0x8000'1000);
    CHECK(registers.mepc == 0x1234);
    CHECK(registers.mcause == 13);
    CHECK(registers.mtval == 0xdead);
    CHECK(registers.mstatus == mstatus::mpie); // MPP = user
    CHECK(engine.context_changes == 1);
}

TEST_CASE_METHOD(TrapFixture, "a delegated exception goes to supervisor mode") {
    set_privilege(Privilege::supervisor);
    registers.medeleg = 1 << 13;
    registers.mstatus = mstatus::sie;
    raise(Exception::load_page_fault, 0xdead);
    CHECK(registers.privilege == Privilege::supervisor);
    CHECK(registers.pc == 0x8000'2000);
    CHECK(registers.sepc == 0x1234);
    CHECK(registers.scause == 13);
    CHECK(registers.stval == 0xdead);
    CHECK(registers.mstatus == (mstatus::spie | mstatus::spp));
    CHECK(engine.context_changes == 0); // nothing about memory changed
    set_privilege(Privilege::user);
    raise(Exception::load_page_fault);
    CHECK(registers.mstatus == 0); // SIE was clear, SPP = user
    CHECK(engine.context_changes == 1);
}

TEST_CASE_METHOD(TrapFixture, "machine mode's own exceptions are never delegated") {
    registers.medeleg = 0xffff;
    raise(Exception::breakpoint, 0x1234);
    CHECK(registers.privilege == Privilege::machine);
    CHECK(registers.mcause == 3);
    CHECK((registers.mstatus & mstatus::mpp) == mstatus::mpp);
}

TEST_CASE("environment calls have a cause for each mode") {
    CHECK(ecall_from(Privilege::user) == Exception::ecall_from_user);
    CHECK(ecall_from(Privilege::supervisor) == Exception::ecall_from_supervisor);
    CHECK(ecall_from(Privilege::machine) == Exception::ecall_from_machine);
}

TEST_CASE_METHOD(TrapFixture, "vectored mode is for interrupts only") {
    registers.mtvec |= 1;
    raise(Exception::breakpoint);
    CHECK(registers.pc == 0x8000'1000);
    registers.mstatus = mstatus::mie;
    registers.mie = mip::mtip;
    hart.set_irq(irq::machine_timer, true);
    CHECK(hart.take_interrupt());
    CHECK(registers.pc == 0x8000'1000 + 4 * 7);
    CHECK(registers.mcause == (interrupt | 7));
    CHECK(registers.mtval == 0);
}

TEST_CASE_METHOD(TrapFixture, "interrupts are taken in the manual's order") {
    registers.mie = registers.mip = mip::all;
    registers.mstatus = mstatus::mie;
    for (const u32 number : {11u, 3u, 7u, 9u, 1u, 5u, 13u}) {
        CHECK(deliverable_interrupt(registers) == number);
        registers.mip &= ~bit(number);
    }
    CHECK_FALSE(deliverable_interrupt(registers));
}

TEST_CASE_METHOD(TrapFixture, "an interrupt for machine mode comes before any for supervisor mode") {
    set_privilege(Privilege::user);
    registers.mideleg = mip::seip;
    registers.mie = registers.mip = mip::seip | mip::lcofip;
    CHECK(deliverable_interrupt(registers) == irq::counter_overflow);
    registers.mie = mip::seip;
    CHECK(deliverable_interrupt(registers) == irq::supervisor_external);
}

TEST_CASE_METHOD(TrapFixture, "each mode enables its own interrupts, and all of higher modes'") {
    registers.mideleg = mip::ssip;
    registers.mie = mip::all;
    const auto takes = [&](u64 pending, Privilege privilege, u64 status) {
        registers.mip = pending;
        registers.privilege = privilege;
        registers.mstatus = status;
        return deliverable_interrupt(registers).has_value();
    };
    CHECK_FALSE(takes(mip::mtip, Privilege::machine, mstatus::sie));
    CHECK(takes(mip::mtip, Privilege::machine, mstatus::mie));
    CHECK(takes(mip::mtip, Privilege::supervisor, 0));
    CHECK(takes(mip::mtip, Privilege::user, 0));
    CHECK_FALSE(takes(mip::ssip, Privilege::machine, mstatus::mie | mstatus::sie));
    CHECK_FALSE(takes(mip::ssip, Privilege::supervisor, mstatus::mie));
    CHECK(takes(mip::ssip, Privilege::supervisor, mstatus::sie));
    CHECK(takes(mip::ssip, Privilege::user, 0));
}

TEST_CASE_METHOD(TrapFixture, "input pins show in mip and can't be written away") {
    hart.set_irq(irq::machine_software, true);
    hart.set_irq(irq::machine_external, true);
    hart.set_irq(irq::supervisor_software, true); // no pin
    hart.set_irq(200, true);                      // nor this
    CHECK(engine.notices == 2);
    CHECK(read("mip") == (mip::msip | mip::meip));
    write("mip", 0);
    CHECK(read("mip") == (mip::msip | mip::meip));
    hart.set_irq(irq::machine_software, false);
    CHECK(read("mip") == mip::meip);
    hart.set_irq(irq::machine_external, true);
    CHECK(engine.notices == 2); // no new edge
}

TEST_CASE_METHOD(TrapFixture, "the external pin of SEIP isn't captured by a read-modify-write") {
    hart.set_irq(irq::supervisor_external, true);
    CHECK(access("mip", CsrOperation::set, mip::ssip) == mip::seip);
    hart.set_irq(irq::supervisor_external, false);
    CHECK(read("mip") == mip::ssip);
    access("mip", CsrOperation::set, mip::seip);
    CHECK(read("mip") == (mip::ssip | mip::seip));
}

TEST_CASE_METHOD(TrapFixture, "sie and sip show the delegated interrupts only") {
    registers.mie = mip::all;
    registers.mip = mip::ssip | mip::stip | mip::seip;
    CHECK(read("sie") == 0);
    CHECK(read("sip") == 0);
    registers.mideleg = mip::ssip | mip::seip;
    CHECK(read("sie") == (mip::ssip | mip::seip));
    CHECK(read("sip") == (mip::ssip | mip::seip));
    write("sie", 0);
    CHECK(registers.mie == (mip::all & ~(mip::ssip | mip::seip)));
    write("sip", 0); // of these supervisor mode may write SSIP only
    CHECK(registers.mip == (mip::stip | mip::seip));
    write("sip", ~u64{0});
    CHECK(registers.mip == (mip::ssip | mip::stip | mip::seip));
}

TEST_CASE_METHOD(TrapFixture, "a write that lets an interrupt in asks to be looked at") {
    registers.privilege = Privilege::supervisor;
    registers.mideleg = registers.mip = mip::ssip;
    write("sstatus", mstatus::sie);
    CHECK_FALSE(engine.left); // not enabled in sie
    write("sie", mip::ssip);
    CHECK(engine.left);
    engine.left = false;
    write("sstatus", 0);
    CHECK_FALSE(engine.left);
}

TEST_CASE_METHOD(TrapFixture, "mret goes back to MPP and clears MPRV for a lower mode") {
    registers.mepc = 0x4444;
    registers.mstatus = mstatus::mpie | u64{1} << mstatus::mpp_low | mstatus::mprv;
    call(HelperNumber::mret);
    CHECK(engine.left_with_pc);
    CHECK(registers.pc == 0x4444);
    CHECK(registers.privilege == Privilege::supervisor);
    CHECK(registers.mstatus == (mstatus::mie | mstatus::mpie));
    set_privilege(Privilege::machine);
    registers.mstatus = mstatus::mpp | mstatus::mprv;
    call(HelperNumber::mret);
    CHECK(registers.privilege == Privilege::machine);
    CHECK(registers.mstatus == (mstatus::mpie | mstatus::mprv));
}

TEST_CASE_METHOD(TrapFixture, "sret goes back to SPP and clears MPRV") {
    registers.sepc = 0x4444;
    registers.mstatus = mstatus::spp | mstatus::spie | mstatus::mprv;
    call(HelperNumber::sret);
    CHECK(engine.left_with_pc);
    CHECK(registers.pc == 0x4444);
    CHECK(registers.privilege == Privilege::supervisor);
    CHECK(registers.mstatus == (mstatus::sie | mstatus::spie));
    call(HelperNumber::sret);
    CHECK(registers.privilege == Privilege::user);
    CHECK(engine.context_changes == 2);
}

TEST_CASE_METHOD(TrapFixture, "returns are illegal in too low a mode, and sret under TSR") {
    set_privilege(Privilege::supervisor);
    call(HelperNumber::mret, 0, 0, 0x3020'0073);
    CHECK(raised_illegal(0x3020'0073));
    registers.mstatus = mstatus::tsr;
    call(HelperNumber::sret, 0, 0, 0x1020'0073);
    CHECK(raised_illegal(0x1020'0073));
    registers.mstatus = 0;
    set_privilege(Privilege::user);
    call(HelperNumber::sret, 0, 0, 0x1020'0073);
    CHECK(raised_illegal(0x1020'0073));
    CHECK(registers.pc == 0x1234);
    CHECK_FALSE(engine.left_with_pc);
}

TEST_CASE_METHOD(TrapFixture, "wfi halts until an interrupt pends that mie names, taken or not") {
    call(HelperNumber::wfi);
    CHECK(hart.halted());
    hart.set_irq(irq::machine_timer, true);
    CHECK_FALSE(hart.wakes());
    CHECK_FALSE(hart.take_interrupt());
    CHECK(hart.halted());
    registers.mie = mip::mtip;
    CHECK(hart.wakes());
    CHECK_FALSE(hart.take_interrupt()); // MIE is clear
    CHECK_FALSE(hart.halted());
    call(HelperNumber::wfi);
    CHECK_FALSE(hart.halted());
}

TEST_CASE_METHOD(TrapFixture, "wfi is illegal in user mode, and under TW in supervisor mode") {
    set_privilege(Privilege::user);
    call(HelperNumber::wfi, 0, 0, 0x1050'0073);
    CHECK(raised_illegal(0x1050'0073));
    set_privilege(Privilege::supervisor);
    registers.mstatus = mstatus::tw;
    call(HelperNumber::wfi, 0, 0, 0x1050'0073);
    CHECK(raised_illegal(0x1050'0073));
    set_privilege(Privilege::machine);
    call(HelperNumber::wfi);
    CHECK(hart.halted());
}

TEST_CASE_METHOD(TrapFixture, "CSR helpers yield the old value or raise with the instruction's bits") {
    registers.mscratch = 5;
    CHECK(call(HelperNumber::csr_swap, 0x340, 7, 0) == 5);
    CHECK(call(HelperNumber::csr_set, 0x340, 8, 0) == 7);
    CHECK(call(HelperNumber::csr_clear, 0x340, 1, 0) == 15);
    CHECK(call(HelperNumber::csr_read, 0x340) == 14);
    CHECK_FALSE(engine.raised);
    set_privilege(Privilege::user);
    call(HelperNumber::csr_read, 0x340, 0, 0x3400'2573);
    CHECK(raised_illegal(0x3400'2573));
    CHECK(registers.mscratch == 14);
}

TEST_CASE_METHOD(TrapFixture, "bus and alignment faults are the access's own") {
    CHECK(hart.bus_fault({1}, MemoryAction::read).code == 5);
    CHECK(hart.bus_fault({1}, MemoryAction::write).code == 7);
    CHECK(hart.bus_fault({1}, MemoryAction::execute).code == 1);
    CHECK(hart.alignment_fault({3}, MemoryAction::read).code == 4);
    CHECK(hart.alignment_fault({3}, MemoryAction::write).code == 6);
    CHECK(hart.alignment_fault({3}, MemoryAction::write).value == 3);
}

TEST_CASE_METHOD(TrapFixture, "the block key tells privilege and whether floating point is on") {
    registers.pc = 0x5678;
    CHECK(hart.key() == ir::BlockKey{0x5678, Mode{Privilege::machine, false, false}.pack()});
    set_privilege(Privilege::user);
    registers.mstatus = u64{1} << mstatus::fs_low;
    CHECK(hart.key().mode == Mode{Privilege::user, true, false}.pack());
    CHECK(Mode::unpack(hart.key().mode).privilege == Privilege::user);
}

} // namespace
} // namespace orrery::riscv
