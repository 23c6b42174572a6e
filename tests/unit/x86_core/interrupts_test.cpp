#include "cpu/x86/far_transfers.hpp"
#include "cpu/x86/interrupts.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

bool same(Fault fault, u8 vector, u32 error_code) {
    return vector_of(fault) == vector && error_code_of(fault) == error_code;
}

} // namespace

TEST_CASE_METHOD(CoreFixture, "real mode pushes flags, CS and IP, and goes where the vector says") {
    state.segment(Segment::ss) = {0x10000, 0xffff, 0x1000, data_at_reset};
    state.segment(Segment::cs) = {0x20000, 0xffff, 0x2000, data_at_reset | access::code};
    state.r[gpr::rsp] = 0xabcd0100;
    core.set_rip(0x1234);
    set_flags(state, flag::interrupt | flag::trap | flag::carry);
    write(0x10 * 4, 0xf0005678, 4);
    REQUIRE(deliver(core, {.kind = EventKind::software, .vector = 0x10, .return_rip = 0x1236}));
    CHECK(core.rip() == 0x5678);
    CHECK(state.segment(Segment::cs).base == 0xf0000);
    CHECK(state.r[gpr::rsp] == 0xabcd00fa);
    CHECK(read(0x100fa, 2) == 0x1236);
    CHECK(read(0x100fc, 2) == 0x2000);
    CHECK(read(0x100fe, 2) == (flag::interrupt | flag::trap | flag::carry | rflags_fixed));
    CHECK((state.rflags & (flag::interrupt | flag::trap)) == 0);
    REQUIRE(interrupt_return(core, Size::word, 0));
    CHECK(core.rip() == 0x1236);
    CHECK(state.segment(Segment::cs).selector == 0x2000);
    CHECK(state.r[gpr::rsp] == 0xabcd0100);
    CHECK(current_flags(state) == (flag::interrupt | flag::trap | flag::carry | rflags_fixed));
}

TEST_CASE_METHOD(ProtectedFixture, "a handler of the same privilege runs on the same stack") {
    write_gate(0x21, gate(code0, 0x6000, SystemType::interrupt_gate, 0));
    REQUIRE(deliver(core, {.kind = EventKind::external, .vector = 0x21, .return_rip = 0x5000}));
    CHECK(core.rip() == 0x6000);
    CHECK(state.r[gpr::rsp] == outer_stack - 12);
    CHECK(stack(0) == 0x5000);
    CHECK(stack(1) == code0);
    CHECK(stack(2) == (flag::interrupt | rflags_fixed));
    CHECK((state.rflags & flag::interrupt) == 0);
    REQUIRE(interrupt_return(core, Size::dword, 0));
    CHECK(core.rip() == 0x5000);
    CHECK((state.rflags & flag::interrupt) != 0);
}

TEST_CASE_METHOD(ProtectedFixture,
                 "a trap gate leaves interrupts as they are, and faults push RF and their error code") {
    RefusedFaults refused;
    write_gate(vector::gp, gate(code0, 0x6000, SystemType::trap_gate, 0));
    REQUIRE(raise_exception(core, general_protection(0x18), refused));
    CHECK(stack(0) == 0x18);
    CHECK(stack(1) == 0x5000);
    CHECK(stack(3) == (flag::interrupt | rflags_fixed | flag::resume));
    CHECK((state.rflags & flag::interrupt) != 0);
}

TEST_CASE_METHOD(ProtectedFixture, "from outside the handler gets the stack of the task, and returns to the old one") {
    run_at(3);
    write_gate(0x80, gate(code0, 0x6000, SystemType::trap_gate, 3));
    REQUIRE(deliver(core, {.kind = EventKind::software, .vector = 0x80, .return_rip = 0x5002}));
    CHECK(core.cpl() == 0);
    CHECK(state.segment(Segment::ss).selector == data0);
    CHECK(state.r[gpr::rsp] == inner_stack - 20);
    CHECK(stack(0) == 0x5002);
    CHECK(stack(1) == code3);
    CHECK(stack(3) == outer_stack);
    CHECK(stack(4) == data3);
    REQUIRE(load_segment(core, Segment::ds, data0));
    REQUIRE(interrupt_return(core, Size::dword, 0));
    CHECK(core.cpl() == 3);
    CHECK(core.rip() == 0x5002);
    CHECK(state.r[gpr::rsp] == outer_stack);
    CHECK_FALSE(state.segment(Segment::ds).usable()); // the handler's
    CHECK(state.segment(Segment::es).selector == data3);
}

TEST_CASE_METHOD(ProtectedFixture, "a gate closed to the user, absent or beyond the table is a fault that names it") {
    run_at(3);
    write_gate(0x80, gate(code0, 0x6000, SystemType::trap_gate, 0));
    const Event event{.kind = EventKind::software, .vector = 0x80, .return_rip = 0x5002};
    CHECK(same(deliver(core, event).error(), vector::gp, 0x80 << 3 | 2));
    CHECK(deliver(core, {.kind = EventKind::external, .vector = 0x80, .return_rip = 0x5000}));
    run_at(3);
    write_gate(0x80, gate(code0, 0x6000, SystemType::trap_gate, 3) & ~(u64{1} << 47));
    CHECK(same(deliver(core, event).error(), vector::np, 0x80 << 3 | 2));
    state.idtr.limit = 0x80 * 8 + 6;
    CHECK(same(deliver(core, event).error(), vector::gp, 0x80 << 3 | 2));
    CHECK(core.rip() == 0x5000);
    CHECK(core.cpl() == 3);
}

TEST_CASE_METHOD(ProtectedFixture, "virtual-8086 code is left and gone back to with all its segments") {
    RefusedFaults refused;
    run_at(0);
    state.rflags |= flag::virtual_8086;
    for (const Segment name : {Segment::cs, Segment::ss, Segment::ds, Segment::es, Segment::fs, Segment::gs})
        load_paragraph(core, name, static_cast<u16>(0x100 + static_cast<u16>(name)));
    core.set_rip(0x42);
    state.r[gpr::rsp] = 0x200;
    CHECK(core.cpl() == 3);
    write_gate(vector::gp, gate(code0, 0x6000, SystemType::interrupt_gate, 0));
    REQUIRE(raise_exception(core, general_protection(), refused));
    CHECK_FALSE(core.virtual_8086());
    CHECK(core.cpl() == 0);
    CHECK(state.r[gpr::rsp] == inner_stack - 40);
    CHECK(stack(1) == 0x42);
    CHECK((stack(3) & flag::virtual_8086) != 0);
    CHECK(stack(4) == 0x200);
    CHECK(stack(9) == 0x100 + static_cast<u16>(Segment::gs));
    CHECK_FALSE(state.segment(Segment::ds).usable());
    state.r[gpr::rsp] += 4;
    REQUIRE(interrupt_return(core, Size::dword, 0));
    CHECK(core.virtual_8086());
    CHECK(core.rip() == 0x42);
    CHECK(state.r[gpr::rsp] == 0x200);
    CHECK(state.segment(Segment::fs).base == (0x100 + static_cast<u64>(Segment::fs)) << 4);
}

TEST_CASE_METHOD(ProtectedFixture, "in virtual-8086 mode int and iret need IOPL 3") {
    state.rflags |= flag::virtual_8086;
    for (std::size_t i = 0; i < segment_count; ++i) load_paragraph(core, static_cast<Segment>(i), 0x100);
    write_gate(0x21, gate(code0, 0x6000, SystemType::interrupt_gate, 3));
    const Event event{.kind = EventKind::software, .vector = 0x21, .return_rip = 0x44};
    CHECK(same(deliver(core, event).error(), vector::gp, 0));
    CHECK(same(interrupt_return(core, Size::word, 0).error(), vector::gp, 0));
    state.rflags |= flag::privilege_level;
    CHECK(deliver(core, event));
}

TEST_CASE_METHOD(ProtectedFixture, "a fault on the way to the handler of a contributory one is a double fault") {
    RefusedFaults refused;
    write_gate(vector::df, gate(code0, 0x7000, SystemType::interrupt_gate, 0));
    REQUIRE(raise_exception(core, general_protection(0x18), refused)); // its gate is empty
    CHECK(core.rip() == 0x7000);
    CHECK(stack(0) == 0);
    CHECK(stack(1) == 0x5000);
}

TEST_CASE_METHOD(ProtectedFixture, "a fault on the way to the handler of a benign one is delivered itself") {
    RefusedFaults refused;
    write_gate(vector::gp, gate(code0, 0x7000, SystemType::interrupt_gate, 0));
    REQUIRE(raise_exception(core, exception(vector::ud), refused)); // its gate is empty
    CHECK(core.rip() == 0x7000);
    CHECK(stack(0) == (vector::ud << 3 | 3));
}

TEST_CASE_METHOD(ProtectedFixture, "three faults in a row shut the CPU down") {
    RefusedFaults refused;
    CHECK_FALSE(raise_exception(core, general_protection(), refused));
    CHECK(state.activity == Activity::shut_down);
    CHECK(core.rip() == 0x5000);
}

TEST_CASE_METHOD(CoreFixture, "in real mode a table without room shuts the CPU down") {
    RefusedFaults refused;
    state.idtr.limit = 3;
    CHECK_FALSE(raise_exception(core, exception(vector::ud), refused));
    CHECK(state.activity == Activity::shut_down);
}

TEST_CASE_METHOD(LongFixture, "64-bit mode aligns the stack and always pushes it") {
    write_long_gate(0x21, 0x6000, SystemType::interrupt_gate, 0);
    REQUIRE(deliver(core, {.kind = EventKind::external, .vector = 0x21, .return_rip = 0x5000}));
    CHECK(state.r[gpr::rsp] == 0x9000 - 40);
    CHECK(stack(0, 8) == 0x5000);
    CHECK(stack(1, 8) == code64);
    CHECK(stack(3, 8) == 0x9008);
    CHECK(stack(4, 8) == data64);
    REQUIRE(interrupt_return(core, Size::qword, 0));
    CHECK(state.r[gpr::rsp] == 0x9008);
    CHECK(core.rip() == 0x5000);
}

TEST_CASE_METHOD(LongFixture, "64-bit mode takes RSP0 from outside, and an IST's stack from anywhere") {
    RefusedFaults refused;
    write_long_gate(vector::pf, 0xffff'8000'0000'6000, SystemType::interrupt_gate, 0);
    write_long_gate(vector::df, 0x7000, SystemType::interrupt_gate, 0, 1);
    run_in(user_code64, user_data64);
    REQUIRE(raise_exception(core, page_fault(0xdead0000, page_fault_code::user), refused));
    CHECK(state.cr2 == 0xdead0000);
    CHECK(core.rip() == 0xffff'8000'0000'6000);
    CHECK(core.cpl() == 0);
    CHECK(state.segment(Segment::ss).selector == 0);
    CHECK(state.r[gpr::rsp] == 0x7000 - 48);
    CHECK(stack(0, 8) == page_fault_code::user);
    CHECK(stack(5, 8) == user_data64);
    REQUIRE(raise_exception(core, exception(vector::df, 0), refused));
    CHECK(state.r[gpr::rsp] == 0x6000 - 48);
    CHECK(stack(5, 8) == 0);
    state.r[gpr::rsp] += 8;
    REQUIRE(interrupt_return(core, Size::qword, 0));
    CHECK(state.r[gpr::rsp] == 0x7000 - 48);
    state.r[gpr::rsp] += 8;
    REQUIRE(interrupt_return(core, Size::qword, 0));
    CHECK(core.cpl() == 3);
    CHECK(state.r[gpr::rsp] == 0x9008);
}

TEST_CASE_METHOD(LongFixture, "handlers must be 64-bit code at a canonical address") {
    write_long_gate(0x21, 0x6000, SystemType::interrupt_gate, 0);
    write(idt + 0x21 * 16 + 2, code0, 2);
    const Event event{.kind = EventKind::external, .vector = 0x21, .return_rip = 0x5000};
    CHECK(same(deliver(core, event).error(), vector::gp, code0 | 1));
    write_long_gate(0x21, u64{1} << 50, SystemType::interrupt_gate, 0);
    CHECK(same(deliver(core, event).error(), vector::gp, 1));
    write_long_gate(0x21, 0x6000, SystemType::task_gate, 0);
    CHECK(same(deliver(core, event).error(), vector::gp, 0x21 << 3 | 3));
}

TEST_CASE_METHOD(LongFixture, "syscall and sysret go between the segments that STAR names") {
    state.efer |= efer::sce;
    state.star = u64{0x4b} << 48 | u64{code64} << 32;
    state.lstar = 0xffff'8000'0000'1000;
    state.sfmask = flag::interrupt;
    run_in(user_code64, user_data64);
    set_flags(state, flag::interrupt | flag::zero);
    REQUIRE(system_call(core, 0x5002));
    CHECK(core.cpl() == 0);
    CHECK(core.rip() == state.lstar);
    CHECK(state.r[gpr::rcx] == 0x5002);
    CHECK(state.r[11] == (flag::interrupt | flag::zero | rflags_fixed));
    CHECK((state.rflags & flag::interrupt) == 0);
    CHECK(state.segment(Segment::ss).selector == code64 + 8);
    REQUIRE(system_return(core, Size::qword));
    CHECK(core.cpl() == 3);
    CHECK(core.code64());
    CHECK(core.rip() == 0x5002);
    CHECK(state.segment(Segment::cs).selector == user_code64 + 8); // STAR's plus 16
    CHECK(current_flags(state) == (flag::interrupt | flag::zero | rflags_fixed));
    run_in(code64, data64);
    REQUIRE(system_return(core, Size::dword));
    CHECK_FALSE(core.code64());
    run_in(code64, data64);
    state.r[gpr::rcx] = u64{1} << 60;
    CHECK(same(system_return(core, Size::qword).error(), vector::gp, 0));
}

} // namespace orrery::x86::test
