// Vector instructions and the system: when they fault, what a fault leaves, and the areas of FXSAVE and XSAVE. What
// they compute is compared with the host's processor by tests/differ/x86.
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/vector_program.hpp"

namespace orrery::x86 {
namespace {

using test::data;
using test::VectorProgram;

#define ON_BOTH_ENGINES VectorProgram program(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

} // namespace

TEST_CASE("SSE needs CR4.OSFXSR, and neither CR0.EM nor CR0.TS") {
    ON_BOTH_ENGINES;
    const std::initializer_list<u8> addps{0x0f, 0x58, 0xc1};
    SECTION("with all set up it runs") { CHECK_FALSE(program.run(addps)); }
    SECTION("without OSFXSR it is undefined") {
        program.state().cr4 &= ~cr4::osfxsr;
        CHECK(program.run(addps) == vector::ud);
    }
    SECTION("under emulation it is undefined, whatever TS says") {
        program.state().cr0 |= cr0::em | cr0::ts;
        CHECK(program.run(addps) == vector::ud);
    }
    SECTION("after a task switch the device isn't available") {
        program.state().cr0 |= cr0::ts;
        CHECK(program.run(addps) == vector::nm);
    }
}

TEST_CASE("MMX needs no OSFXSR, and takes pending x87 exceptions first") {
    ON_BOTH_ENGINES;
    const std::initializer_list<u8> paddb{0x0f, 0xfc, 0xc1};
    program.state().x87.top = 5;
    SECTION("it makes all registers valid") {
        program.state().cr4 &= ~cr4::osfxsr;
        CHECK_FALSE(program.run(paddb));
        CHECK(program.state().x87.top == 0);
        CHECK(program.state().x87.valid == 0xff);
        CHECK(program.state().x87.registers[0].sign_exponent == 0xffff);
        CHECK_FALSE(program.run({0x0f, 0x77})); // emms
        CHECK(program.state().x87.valid == 0);
    }
    SECTION("an exception is pending") {
        program.state().x87.status = 0x81;
        program.state().x87.control = 0x037e;
        CHECK(program.run(paddb) == vector::mf);
        CHECK(program.state().x87.top == 5);
    }
    SECTION("emulation") {
        program.state().cr0 |= cr0::em;
        CHECK(program.run(paddb) == vector::ud);
    }
    SECTION("task switched") {
        program.state().cr0 |= cr0::ts;
        CHECK(program.run(paddb) == vector::nm);
    }
}

TEST_CASE("an unmasked exception of SSE is #XM, or #UD where the system doesn't know it") {
    ON_BOTH_ENGINES;
    program.state().mxcsr = 0x1f80 & ~(1U << 9); // division by zero
    program.state().xmm[0] = {0x3ff0'0000'0000'0000, 7};
    program.state().xmm[1] = {};
    const std::initializer_list<u8> divsd{0xf2, 0x0f, 0x5e, 0xc1};
    const bool known = GENERATE(true, false);
    if (!known) program.state().cr4 &= ~cr4::osxmmexcpt;
    CHECK(program.run(divsd) == (known ? vector::xm : vector::ud));
    CHECK(program.state().xmm[0] == Vector{0x3ff0'0000'0000'0000, 7});
    CHECK((program.state().mxcsr & 0x3f) == 4);
}

TEST_CASE("operands of 16 bytes in memory are aligned, unless the instruction says otherwise") {
    ON_BOTH_ENGINES;
    program.state().r[gpr::rdi] = data + 8;
    CHECK_FALSE(program.run({0x0f, 0x10, 0x07})); // movups xmm0, [rdi]
    program.guest.begin_anew();
    program.state().r[gpr::rdi] = data + 8;
    CHECK(program.run({0x0f, 0x28, 0x07}) == vector::gp); // movaps
    program.guest.begin_anew();
    program.state().r[gpr::rdi] = data + 8;
    CHECK(program.run({0x66, 0x0f, 0xfc, 0x07}) == vector::gp); // paddb
    program.guest.begin_anew();
    program.state().r[gpr::rdi] = data + 8;
    CHECK(program.run({0x66, 0x0f, 0x7f, 0x07}) == vector::gp); // movdqa [rdi], xmm0
}

TEST_CASE("a store across pages writes nothing if the second isn't there") {
    ON_BOTH_ENGINES;
    program.close_second_page();
    program.state().xmm[0] = {0x1111'1111'1111'1111, 0x2222'2222'2222'2222};
    const u64 offset = GENERATE(u64{0xff1}, 0xff5, 0xff8, 0xffc, 0xfff);
    program.state().r[gpr::rdi] = data + offset;
    CHECK(program.run({0x0f, 0x11, 0x07}) == vector::pf); // movups [rdi], xmm0
    CHECK(program.state().cr2 == data + 0x1000);
    CHECK(program.memory<u8>(offset) == 0);
    program.guest.begin_anew();
    program.state().xmm[0] = {0x1111'1111'1111'1111, 0x2222'2222'2222'2222};
    program.state().xmm[1] = {0x8080'8080'8080'8080, 0x8080'8080'8080'8080};
    program.state().r[gpr::rdi] = data + offset;
    CHECK(program.run({0x66, 0x0f, 0xf7, 0xc1}) == vector::pf); // maskmovdqu
    CHECK(program.memory<u8>(offset) == 0);
}

TEST_CASE("a masked store needs only what it writes") {
    ON_BOTH_ENGINES;
    program.close_second_page();
    program.state().xmm[0] = {0x1111'1111'1111'1111, 0x2222'2222'2222'2222};
    program.state().xmm[1] = {0x80, 0};
    program.state().r[gpr::rdi] = data + 0xffc;
    CHECK_FALSE(program.run({0x66, 0x0f, 0xf7, 0xc1}));
    CHECK(program.memory<u32>(0xffc) == 0x11);
}

TEST_CASE("fxsave has the manual's layout, in the order of the stack") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.x87.top = 6;
    state.x87.status = 0x4100;
    state.x87.valid = 0xc1;
    state.x87.control = 0x037f;
    state.x87.opcode = 0x123;
    state.x87.instruction = 0x1234'5678'9abc;
    state.x87.data = 0xdef0'1234'5678;
    state.x87.registers[6] = {0x8000'0000'0000'0000, 0x3fff};
    state.x87.registers[5] = {0xc000'0000'0000'0000, 0xbfff};
    state.mxcsr = 0x1fa1;
    state.xmm[0] = {1, 2};
    state.xmm[15] = {3, 4};
    program.set_memory<u64>(416, 0x5555);
    const bool wide = GENERATE(true, false);
    CHECK_FALSE((wide ? program.run({0x48, 0x0f, 0xae, 0x07}) : program.run({0x0f, 0xae, 0x07})).has_value());
    CHECK(program.memory<u16>(0) == 0x037f);
    CHECK(program.memory<u16>(2) == (0x4100 | 6 << 11));
    CHECK(program.memory<u8>(4) == 0xc1);
    CHECK(program.memory<u16>(6) == 0x123);
    CHECK(program.memory<u64>(8) == (wide ? 0x1234'5678'9abc : 0x5678'9abc));
    CHECK(program.memory<u64>(16) == (wide ? 0xdef0'1234'5678 : 0x1234'5678));
    CHECK(program.memory<u32>(24) == 0x1fa1);
    CHECK(program.memory<u32>(28) == 0xffff);
    CHECK(program.memory<u64>(32) == 0x8000'0000'0000'0000);
    CHECK(program.memory<u64>(40) == 0x3fff);
    CHECK(program.memory<u64>(32 + 7 * 16) == 0xc000'0000'0000'0000);
    CHECK(program.memory<u64>(160) == 1);
    CHECK(program.memory<u64>(160 + 15 * 16 + 8) == 4);
    CHECK(program.memory<u64>(416) == 0x5555);

    const X87 before = state.x87;
    state.x87 = {};
    state.xmm = {};
    state.mxcsr = 0x1f80;
    // fxrstor
    CHECK_FALSE((wide ? program.run({0x48, 0x0f, 0xae, 0x0f}) : program.run({0x0f, 0xae, 0x0f})).has_value());
    CHECK(state.x87.top == 6);
    CHECK(state.x87.status == before.status);
    CHECK(state.x87.registers[5].sign_exponent == 0xbfff);
    CHECK(state.x87.instruction == (wide ? 0x1234'5678'9abc : 0x5678'9abc));
    CHECK(state.mxcsr == 0x1fa1);
    CHECK(state.xmm[15] == Vector{3, 4});
}

TEST_CASE("fxsave and fxrstor fault without having done anything") {
    ON_BOTH_ENGINES;
    program.state().mxcsr = 0x1f80;
    SECTION("misaligned") {
        program.state().r[gpr::rdi] = data + 8;
        CHECK(program.run({0x0f, 0xae, 0x07}) == vector::gp);
    }
    SECTION("reserved bits of MXCSR") {
        program.set_memory<u32>(24, 0x1'0000);
        program.state().xmm[0] = {5, 6};
        CHECK(program.run({0x0f, 0xae, 0x0f}) == vector::gp);
        CHECK(program.state().xmm[0] == Vector{5, 6});
    }
    SECTION("half of it on a page that isn't there") {
        program.close_second_page();
        program.state().xmm[0] = {5, 6};
        program.state().r[gpr::rdi] = data + 0xf00;
        CHECK(program.run({0x0f, 0xae, 0x07}) == vector::pf);
        CHECK(program.memory<u32>(0xf00 + 24) == 0);
    }
    SECTION("the x87 unit is off") {
        program.state().cr0 |= cr0::ts;
        CHECK(program.run({0x0f, 0xae, 0x07}) == vector::nm);
    }
}

TEST_CASE("ldmxcsr refuses reserved bits") {
    ON_BOTH_ENGINES;
    program.set_memory<u32>(0, 0x1'1f80);
    CHECK(program.run({0x0f, 0xae, 0x17}) == vector::gp);
    program.guest.begin_anew();
    program.state().r[gpr::rdi] = data;
    program.set_memory<u32>(0, 0x7f80);
    CHECK_FALSE(program.run({0x0f, 0xae, 0x17}));
    CHECK(program.state().mxcsr == 0x7f80);
}

TEST_CASE("xsave saves what is asked for, and xrstor makes the rest initial") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.cr4 |= cr4::osxsave;
    state.xcr0 = xcr0::x87 | xcr0::sse;
    state.xmm[3] = {7, 8};
    state.mxcsr = 0x1f80;
    state.r[gpr::rax] = 2;
    program.set_memory<u64>(512, 1);
    program.set_memory<u16>(0, 0x1111);
    CHECK_FALSE(program.run({0x48, 0x0f, 0xae, 0x27})); // xsave64 [rdi]
    CHECK(program.memory<u16>(0) == 0x1111);            // not asked for
    CHECK(program.memory<u32>(24) == 0x1f80);
    CHECK(program.memory<u64>(160 + 3 * 16) == 7);
    CHECK(program.memory<u64>(512) == 3);

    program.set_memory<u64>(512, 2);
    state.xmm = {};
    state.x87.top = 3;
    state.r[gpr::rax] = 3;
    CHECK_FALSE(program.run({0x48, 0x0f, 0xae, 0x2f})); // xrstor64 [rdi]
    CHECK(state.xmm[3] == Vector{7, 8});
    CHECK(state.x87.top == 0);
    CHECK(state.x87.control == 0x037f);
}

TEST_CASE("xsaveopt leaves out what is in its initial state") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.cr4 |= cr4::osxsave;
    state.xcr0 = xcr0::x87 | xcr0::sse;
    state.r[gpr::rax] = 3;
    state.x87.control = 0x027f;
    program.set_memory<u64>(160, 0x77);
    CHECK_FALSE(program.run({0x48, 0x0f, 0xae, 0x37}));
    CHECK(program.memory<u64>(512) == 1);
    CHECK(program.memory<u16>(0) == 0x027f);
    CHECK(program.memory<u64>(160) == 0x77);
}

TEST_CASE("xrstor refuses a header that isn't one") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.cr4 |= cr4::osxsave;
    state.xcr0 = xcr0::x87 | xcr0::sse;
    state.r[gpr::rax] = 3;
    const std::initializer_list<u8> xrstor{0x48, 0x0f, 0xae, 0x2f};
    SECTION("components that XCR0 doesn't have") { program.set_memory<u64>(512, 4); }
    SECTION("a compacted area") { program.set_memory<u64>(520, u64{1} << 63); }
    SECTION("reserved bytes") { program.set_memory<u64>(528, 1); }
    SECTION("misaligned") { state.r[gpr::rdi] = data + 16; }
    CHECK(program.run(xrstor) == vector::gp);
}

TEST_CASE("xsave needs CR4.OSXSAVE") {
    ON_BOTH_ENGINES;
    CHECK(program.run({0x48, 0x0f, 0xae, 0x27}) == vector::ud);
}

} // namespace orrery::x86
