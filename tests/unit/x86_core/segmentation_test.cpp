#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

Fault fault_of(const auto& result) {
    REQUIRE_FALSE(result);
    return result.error();
}

bool same(Fault fault, u8 vector, u32 error_code) {
    return vector_of(fault) == vector && error_code_of(fault) == error_code;
}

} // namespace

TEST_CASE_METHOD(ProtectedFixture, "a data segment is loaded with its descriptor, which becomes accessed") {
    constexpr u16 selector = 0x40;
    write_descriptor(selector, descriptor(0x12345678, 0xfffff, flat_data & ~access::accessed));
    REQUIRE(load_segment(core, Segment::fs, selector));
    const SegmentCache& fs = state.segment(Segment::fs);
    CHECK(fs.base == 0x12345678);
    CHECK(fs.limit == 0xffffffff);
    CHECK(fs.selector == selector);
    CHECK((read(gdt + selector + 5, 1) & access::accessed) != 0);
}

TEST_CASE_METHOD(ProtectedFixture, "without granularity the limit is in bytes") {
    write_descriptor(0x40, descriptor(0, 0x12345, flat_data & ~access::granular));
    REQUIRE(load_segment(core, Segment::es, 0x40));
    CHECK(state.segment(Segment::es).limit == 0x12345);
}

TEST_CASE_METHOD(ProtectedFixture, "null selectors unload data segments, and are refused for SS") {
    REQUIRE(load_segment(core, Segment::ds, 3));
    CHECK_FALSE(state.segment(Segment::ds).usable());
    CHECK(state.segment(Segment::ds).selector == 3);
    const SegmentCache before = state.segment(Segment::ss);
    CHECK(same(fault_of(load_segment(core, Segment::ss, 0)), vector::gp, 0));
    CHECK(state.segment(Segment::ss) == before);
}

TEST_CASE_METHOD(ProtectedFixture, "what may not be loaded is a fault with the selector as its error code") {
    constexpr u16 selector = 0x40;
    CHECK(same(fault_of(load_segment(core, Segment::ds, 0x100)), vector::gp, 0x100));
    CHECK(same(fault_of(load_segment(core, Segment::ds, 0x0c)), vector::gp, 0x0c)); // LDT without limit
    write_descriptor(selector, descriptor(0, 0xfffff, flat_code & ~access::readable));
    CHECK(same(fault_of(load_segment(core, Segment::ds, selector)), vector::gp, selector));
    write_descriptor(selector, descriptor(0, 0xfffff, flat_data & ~access::present));
    CHECK(same(fault_of(load_segment(core, Segment::ds, selector)), vector::np, selector));
    CHECK(same(fault_of(load_segment(core, Segment::ss, selector)), vector::ss, selector));
    write_descriptor(selector, descriptor(0, 0xfffff, flat_data & ~access::writable));
    CHECK(same(fault_of(load_segment(core, Segment::ss, selector)), vector::gp, selector));
    run_at(3);
    CHECK(same(fault_of(load_segment(core, Segment::ds, data0)), vector::gp, data0));
    CHECK(same(fault_of(load_segment(core, Segment::ss, data0 | 3)), vector::gp, data0));
    CHECK(load_segment(core, Segment::ds, conforming0));
}

TEST_CASE_METHOD(ProtectedFixture, "real mode loads a base and keeps the limit, virtual-8086 mode sets both") {
    state.cr0 &= ~cr0::pe;
    state.segment(Segment::ds).limit = 0xffffffff;
    REQUIRE(load_segment(core, Segment::ds, 0x1234));
    CHECK(state.segment(Segment::ds).base == 0x12340);
    CHECK(state.segment(Segment::ds).limit == 0xffffffff);
    state.cr0 |= cr0::pe;
    state.rflags |= flag::virtual_8086;
    REQUIRE(load_segment(core, Segment::ds, 0xf000));
    CHECK(state.segment(Segment::ds).base == 0xf0000);
    CHECK(state.segment(Segment::ds).limit == 0xffff);
    CHECK(state.segment(Segment::ds).dpl() == 3);
}

TEST_CASE("limits are of the last byte, and of the first that isn't there where a segment grows down") {
    SegmentCache up{0, 0xfff, 8, data_at_reset};
    CHECK(within_limit(up, 0xffc, 4));
    CHECK_FALSE(within_limit(up, 0xffd, 4));
    CHECK_FALSE(within_limit(up, ~u64{0}, 4));
    SegmentCache down{0, 0xfff, 8, data_at_reset | access::expand_down};
    CHECK_FALSE(within_limit(down, 0xfff, 1));
    CHECK(within_limit(down, 0x1000, 4));
    CHECK(within_limit(down, 0xfffc, 4));
    CHECK_FALSE(within_limit(down, 0xfffd, 4));
    down.rights |= access::big;
    CHECK(within_limit(down, 0xfffd, 4));
}

TEST_CASE_METHOD(ProtectedFixture, "the task register takes an available task and makes it busy") {
    CHECK(same(fault_of(load_task_register(core, task)), vector::gp, task)); // busy
    write_descriptor(task, descriptor(tss, 103, access::present | static_cast<u16>(SystemType::tss_available)));
    REQUIRE(load_task_register(core, task));
    CHECK(state.tr.base == tss);
    CHECK((read(gdt + task + 5, 1) & 0xf) == static_cast<u64>(SystemType::tss_busy));
    CHECK(same(fault_of(load_task_register(core, 0)), vector::gp, 0));
    CHECK(same(fault_of(load_task_register(core, code0)), vector::gp, code0));
}

TEST_CASE_METHOD(ProtectedFixture, "in long mode system descriptors have sixteen bytes") {
    state.efer |= efer::lma;
    constexpr u16 selector = 0x50;
    write_descriptor(selector, descriptor(0x12345678, 0xfff, access::present | static_cast<u16>(SystemType::ldt)));
    write(gdt + selector + 8, 0xffff8000, 8);
    REQUIRE(load_local_table(core, selector));
    CHECK(state.ldtr.base == 0xffff'8000'1234'5678);
    write(gdt + selector + 8, u64{0xf00} << 32, 8);
    CHECK(same(fault_of(load_local_table(core, selector)), vector::gp, selector));
}

TEST_CASE_METHOD(ProtectedFixture, "verr, verw, lar and lsl see what their rules let them") {
    const auto sees = [&](u16 selector, Visibility why) {
        const auto answer = visible_descriptor(core, selector, why);
        REQUIRE(answer);
        return answer->has_value();
    };
    CHECK(sees(data0, Visibility::read));
    CHECK(sees(data0, Visibility::write));
    CHECK(sees(code0, Visibility::read));
    CHECK_FALSE(sees(code0, Visibility::write));
    CHECK_FALSE(sees(0, Visibility::rights));
    CHECK_FALSE(sees(0x1000, Visibility::rights));
    CHECK(sees(task, Visibility::limit));
    write_descriptor(0x40, gate(code0, 0, SystemType::call_gate, 0));
    CHECK(sees(0x40, Visibility::rights));
    CHECK_FALSE(sees(0x40, Visibility::limit));
    run_at(3);
    CHECK_FALSE(sees(data0, Visibility::read));
    CHECK(sees(conforming0, Visibility::read));
}

} // namespace orrery::x86::test
