#include "cpu/x86/far_transfers.hpp"
#include "cpu/x86/tasks.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

bool same(Fault fault, u8 vector, u32 error_code) {
    return vector_of(fault) == vector && error_code_of(fault) == error_code;
}

constexpr u16 gate_selector = 0x40;

} // namespace

TEST_CASE_METHOD(CoreFixture, "in real mode far calls push CS and IP, and far returns take them and more") {
    state.segment(Segment::cs) = {0x20000, 0xffff, 0x2000, data_at_reset | access::code};
    state.r[gpr::rsp] = 0x100;
    REQUIRE(far_call(core, 0x3000, 0x1234, Size::word, 0x55));
    CHECK(state.segment(Segment::cs).base == 0x30000);
    CHECK(core.rip() == 0x1234);
    CHECK(read(0xfc, 2) == 0x55);
    CHECK(read(0xfe, 2) == 0x2000);
    REQUIRE(far_return(core, Size::word, 6));
    CHECK(core.rip() == 0x55);
    CHECK(state.r[gpr::rsp] == 0x106);
}

TEST_CASE_METHOD(ProtectedFixture, "a far jump into protected mode's code keeps the privilege") {
    REQUIRE(far_jump(core, code0, 0x6000, Size::dword, 0));
    CHECK(core.rip() == 0x6000);
    CHECK(same(far_jump(core, data0, 0, Size::dword, 0).error(), vector::gp, data0));
    CHECK(same(far_jump(core, code3, 0, Size::dword, 0).error(), vector::gp, code3 & 0xfffc));
    CHECK(same(far_jump(core, 0, 0, Size::dword, 0).error(), vector::gp, 0));
    run_at(3);
    CHECK(same(far_jump(core, code0, 0, Size::dword, 0).error(), vector::gp, code0));
    REQUIRE(far_jump(core, conforming0, 0x6000, Size::dword, 0));
    CHECK(core.cpl() == 3);
    CHECK(state.segment(Segment::cs).selector == (conforming0 | 3));
    state.segment(Segment::cs).limit = 0xfff;
    write_descriptor(0x48, descriptor(0, 0xfff, (flat_code & ~access::granular) | ring3));
    CHECK(same(far_jump(core, 0x4b, 0x1000, Size::dword, 0).error(), vector::gp, 0));
}

TEST_CASE_METHOD(ProtectedFixture, "a call gate leads inward with its parameters, and ret comes back out") {
    run_at(3);
    write_descriptor(gate_selector, gate(code0, 0x6000, SystemType::call_gate, 3, 2));
    write(outer_stack, 0x11111111, 4);
    write(outer_stack + 4, 0x22222222, 4);
    REQUIRE(far_call(core, gate_selector, 0xdead, Size::dword, 0x5007));
    CHECK(core.cpl() == 0);
    CHECK(core.rip() == 0x6000);
    CHECK(state.r[gpr::rsp] == inner_stack - 24);
    CHECK(stack(0) == 0x5007);
    CHECK(stack(1) == code3);
    CHECK(stack(2) == 0x11111111);
    CHECK(stack(3) == 0x22222222);
    CHECK(stack(4) == outer_stack);
    CHECK(stack(5) == data3);
    REQUIRE(far_return(core, Size::dword, 8));
    CHECK(core.cpl() == 3);
    CHECK(core.rip() == 0x5007);
    CHECK(state.r[gpr::rsp] == outer_stack + 8);
}

TEST_CASE_METHOD(ProtectedFixture, "a call gate is closed to those below its privilege, and absent ones are told") {
    run_at(3);
    write_descriptor(gate_selector, gate(code0, 0x6000, SystemType::call_gate, 0));
    CHECK(same(far_call(core, gate_selector, 0, Size::dword, 0).error(), vector::gp, gate_selector));
    write_descriptor(gate_selector, gate(code0, 0x6000, SystemType::call_gate, 3) & ~(u64{1} << 47));
    CHECK(same(far_call(core, gate_selector, 0, Size::dword, 0).error(), vector::np, gate_selector));
    write_descriptor(gate_selector, gate(code0, 0x6000, SystemType::call_gate, 3));
    CHECK(same(far_jump(core, gate_selector, 0, Size::dword, 0).error(), vector::gp, code0)); // no jump inward
}

TEST_CASE_METHOD(ProtectedFixture, "returns never lead inward") {
    run_at(3);
    write(outer_stack, 0x6000, 4);
    write(outer_stack + 4, code0, 4);
    CHECK(same(far_return(core, Size::dword, 0).error(), vector::gp, code0));
    CHECK(state.r[gpr::rsp] == outer_stack);
}

TEST_CASE_METHOD(ProtectedFixture, "sysenter and sysexit take flat segments beside the one in the MSR") {
    run_at(3);
    state.sysenter_cs = code0;
    state.sysenter_eip = 0x6000;
    state.sysenter_esp = 0x7000;
    REQUIRE(fast_system_call(core));
    CHECK(core.cpl() == 0);
    CHECK(core.rip() == 0x6000);
    CHECK(state.segment(Segment::ss).selector == code0 + 8);
    CHECK((state.rflags & flag::interrupt) == 0);
    state.r[gpr::rdx] = 0x5005;
    state.r[gpr::rcx] = outer_stack;
    REQUIRE(fast_system_return(core, Size::dword));
    CHECK(core.cpl() == 3);
    CHECK(core.rip() == 0x5005);
    CHECK(state.segment(Segment::cs).selector == (code0 + 16 | 3));
    state.sysenter_cs = 0;
    CHECK(same(fast_system_call(core).error(), vector::gp, 0));
}

namespace {

struct TaskFixture : ProtectedFixture {
    static constexpr u16 other = 0x48;
    static constexpr u64 other_tss = 0x3800;

    TaskFixture() {
        write_descriptor(other,
                         descriptor(other_tss, 103, access::present | static_cast<u16>(SystemType::tss_available)));
        write(other_tss + 32, 0x6000, 4);
        write(other_tss + 36, rflags_fixed | flag::zero, 4);
        for (u32 i = 0; i < 8; ++i) write(other_tss + 40 + i * 4, 0x100 + i, 4);
        write(other_tss + 72, data0, 2);
        write(other_tss + 76, code0, 2);
        write(other_tss + 80, data0, 2);
        write(other_tss + 84, data0, 2);
        state.r[gpr::rbx] = 0xb0b;
    }
    u64 type_of(u16 selector) { return read(gdt + selector + 5, 1) & 0xf; }
};

} // namespace

TEST_CASE_METHOD(TaskFixture, "a jump to a task saves the old one and makes the new one busy") {
    REQUIRE(far_jump(core, other, 0, Size::dword, 0x5007));
    CHECK(core.rip() == 0x6000);
    CHECK(state.r[gpr::rbx] == 0x103);
    CHECK((current_flags(state) & flag::zero) != 0);
    CHECK(state.tr.selector == other);
    CHECK((state.cr0 & cr0::ts) != 0);
    CHECK(read(tss + 32, 4) == 0x5007);
    CHECK(read(tss + 52, 4) == 0xb0b);
    CHECK(type_of(task) == static_cast<u64>(SystemType::tss_available));
    CHECK(type_of(other) == static_cast<u64>(SystemType::tss_busy));
    REQUIRE(far_jump(core, task, 0, Size::dword, 0x6007));
    CHECK(core.rip() == 0x5007);
    CHECK(state.r[gpr::rbx] == 0xb0b);
}

TEST_CASE_METHOD(TaskFixture, "a call to a task nests, and iret goes back along the link") {
    REQUIRE(far_call(core, other, 0, Size::dword, 0x5007));
    CHECK((state.rflags & flag::nested_task) != 0);
    CHECK(read(other_tss, 2) == task);
    CHECK(type_of(task) == static_cast<u64>(SystemType::tss_busy));
    REQUIRE(interrupt_return(core, Size::dword, 0x6001));
    CHECK(state.tr.selector == task);
    CHECK(core.rip() == 0x5007);
    CHECK((state.rflags & flag::nested_task) == 0);
    CHECK(type_of(other) == static_cast<u64>(SystemType::tss_available));
    CHECK(read(other_tss + 32, 4) == 0x6001);
}

TEST_CASE_METHOD(TaskFixture, "a task that is busy, too short or without a stack is refused in the manual's words") {
    CHECK(same(far_jump(core, task, 0, Size::dword, 0).error(), vector::gp, task));
    write_descriptor(other, descriptor(other_tss, 102, access::present | static_cast<u16>(SystemType::tss_available)));
    CHECK(same(far_jump(core, other, 0, Size::dword, 0).error(), vector::ts, other));
    write_descriptor(other, descriptor(other_tss, 103, access::present | static_cast<u16>(SystemType::tss_available)));
    write(other_tss + 80, 0, 2);
    CHECK(same(far_jump(core, other, 0, Size::dword, 0).error(), vector::ts, 0));
    CHECK(state.tr.selector == other); // from here on the fault is the new task's
}

TEST_CASE_METHOD(TaskFixture, "ports are open where the task's bitmap has zeroes") {
    state.tr.limit = 0x200;
    write(tss + 102, 104, 2);
    write(tss + 104 + 0x60 / 8, 0b1111'1110, 1);
    write(tss + 104 + 0x60 / 8 + 1, 0xff, 1);
    CHECK(*ports_permitted(core, 0x60, 1));
    CHECK_FALSE(*ports_permitted(core, 0x60, 2));
    CHECK_FALSE(*ports_permitted(core, 0x61, 1));
    CHECK_FALSE(*ports_permitted(core, 0xffff, 1)); // beyond the limit
    write(tss + 102, 0x200, 2);
    CHECK_FALSE(*ports_permitted(core, 0, 1));
}

} // namespace orrery::x86::test
