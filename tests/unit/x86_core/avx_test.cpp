// AVX and the system: when its instructions are undefined, what happens to upper halves, and what accesses to memory
// lane by lane leave behind when one faults. What they compute is compared with the host's processor by
// tests/differ/x86.
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/vector_program.hpp"

namespace orrery::x86 {
namespace {

using test::data;

constexpr Features level_3{Feature::sse3, Feature::ssse3, Feature::sse41, Feature::sse42, Feature::avx,  Feature::avx2,
                           Feature::fma,  Feature::f16c,  Feature::bmi1,  Feature::bmi2,  Feature::xsave};

class AvxProgram : public test::VectorProgram {
public:
    explicit AvxProgram(dbt::Engine engine) : VectorProgram(engine, level_3) { start(); }
    void start() {
        guest.begin_anew();
        state().cr4 |= cr4::osxsave;
        state().xcr0 = xcr0::x87 | xcr0::sse | xcr0::avx;
        state().r[gpr::rdi] = data;
    }
};

#define ON_BOTH_ENGINES AvxProgram program(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

constexpr Vector ones{~u64{0}, ~u64{0}};
constexpr std::initializer_list<u8> vaddps{0xc5, 0xf4, 0x58, 0xc2}; // vaddps ymm0, ymm1, ymm2

} // namespace

TEST_CASE("AVX needs CR4.OSXSAVE and XCR0, and heeds CR0.TS alone") {
    ON_BOTH_ENGINES;
    SECTION("with all set up it runs") { CHECK_FALSE(program.run(vaddps)); }
    SECTION("without OSXSAVE it is undefined") {
        program.state().cr4 &= ~cr4::osxsave;
        CHECK(program.run(vaddps) == vector::ud);
    }
    SECTION("without AVX state it is undefined") {
        program.state().xcr0 = xcr0::x87 | xcr0::sse;
        CHECK(program.run(vaddps) == vector::ud);
    }
    SECTION("emulation and OSFXSR are SSE's matter") {
        program.state().cr0 |= cr0::em;
        program.state().cr4 &= ~cr4::osfxsr;
        CHECK_FALSE(program.run(vaddps));
    }
    SECTION("after a task switch the device isn't available") {
        program.state().cr0 |= cr0::ts;
        CHECK(program.run(vaddps) == vector::nm);
    }
    SECTION("BMI asks for none of it") {
        program.state().cr4 &= ~cr4::osxsave;
        program.state().cr0 |= cr0::ts;
        program.state().r[gpr::rcx] = 0b1100;
        CHECK_FALSE(program.run({0xc4, 0xe2, 0xf8, 0xf3, 0xd9})); // blsi rax, rcx
        CHECK(program.state().r[gpr::rax] == 0b0100);
    }
}

TEST_CASE("in real mode there is no VEX") {
    ON_BOTH_ENGINES;
    program.guest.add_ram("real", 0, page_size);
    constexpr u16 handler = 0x600;
    program.guest.write(vector::ud * 4, std::array<u8, 4>{handler & 0xff, handler >> 8, 0, 0});
    program.guest.write(handler, std::array<u8, 2>{0xeb, 0xfe});
    constexpr u64 start = 0x400;
    const bool bits = GENERATE(true, false);
    program.guest.write(start, bits ? std::array<u8, 5>{0xc4, 0xe2, 0x78, 0xf3, 0xd9}   // blsi eax, ecx
                                    : std::array<u8, 5>{0xc5, 0xf4, 0x58, 0xc2, 0x90}); // vaddps, nop
    State& state = program.state();
    state = {};
    state.cr4 = cr4::osxsave | cr4::osfxsr;
    state.xcr0 = xcr0::x87 | xcr0::sse | xcr0::avx;
    state.segment(Segment::cs) = {0, 0xffff, 0, data_at_reset | access::code};
    state.pc = start;
    state.r[gpr::rsp] = 0x800;
    program.guest.cpu().restored();
    program.guest.cpu().run(2);
    CHECK(state.pc == handler);
}

TEST_CASE("instructions on 128 bits clear the upper half with VEX, and leave it without") {
    ON_BOTH_ENGINES;
    const auto upper_after = [&](std::initializer_list<u8> instruction) {
        program.state().ymm_high[0] = ones;
        CHECK_FALSE(program.run(instruction));
        return program.state().ymm_high[0];
    };
    CHECK(upper_after({0xc5, 0xf8, 0x58, 0xc2}) == Vector{});          // vaddps xmm0, xmm0, xmm2
    CHECK(upper_after({0xc5, 0xfa, 0x58, 0xc2}) == Vector{});          // vaddss
    CHECK(upper_after({0xc5, 0xf9, 0x6f, 0xc1}) == Vector{});          // vmovdqa xmm0, xmm1
    CHECK(upper_after({0xc5, 0xfa, 0x10, 0x07}) == Vector{});          // vmovss xmm0, [rdi]
    CHECK(upper_after({0xc5, 0xf9, 0xfc, 0xc1}) == Vector{});          // vpaddb xmm0, xmm0, xmm1
    CHECK(upper_after({0xc4, 0xe3, 0x79, 0x62, 0xc1, 0}) == Vector{}); // vpcmpistrm
    CHECK(upper_after({0x0f, 0x58, 0xc2}) == ones);                    // addps
    CHECK(upper_after({0x66, 0x0f, 0x6f, 0xc1}) == ones);              // movdqa
    CHECK(upper_after({0x66, 0x0f, 0xfc, 0xc1}) == ones);              // paddb
}

TEST_CASE("vzeroupper and vzeroall clear sixteen registers") {
    ON_BOTH_ENGINES;
    const bool all = GENERATE(true, false);
    program.state().xmm.fill(ones);
    program.state().ymm_high.fill(ones);
    CHECK_FALSE((all ? program.run({0xc5, 0xfc, 0x77}) : program.run({0xc5, 0xf8, 0x77})).has_value());
    for (u32 i = 0; i < 16; ++i) {
        CHECK(program.state().ymm_high[i] == Vector{});
        CHECK(program.state().xmm[i] == (all ? Vector{} : ones));
    }
}

TEST_CASE("only moves that say so want AVX operands aligned, to their size") {
    ON_BOTH_ENGINES;
    const auto at = [&](u64 offset, std::initializer_list<u8> instruction) {
        program.start();
        program.state().r[gpr::rdi] = data + offset;
        return program.run(instruction);
    };
    CHECK_FALSE(at(1, {0xc5, 0xf4, 0x58, 0x07}));                // vaddps ymm0, ymm1, [rdi]
    CHECK_FALSE(at(1, {0xc5, 0xfc, 0x10, 0x07}));                // vmovups ymm0, [rdi]
    CHECK_FALSE(at(16, {0xc5, 0xf8, 0x28, 0x07}));               // vmovaps xmm0, [rdi]
    CHECK(at(16, {0xc5, 0xfc, 0x28, 0x07}) == vector::gp);       // vmovaps ymm0, [rdi]
    CHECK(at(16, {0xc5, 0xfd, 0x7f, 0x07}) == vector::gp);       // vmovdqa [rdi], ymm0
    CHECK(at(16, {0xc5, 0xfd, 0xe7, 0x07}) == vector::gp);       // vmovntdq [rdi], ymm0
    CHECK(at(16, {0xc4, 0xe2, 0x7d, 0x2a, 0x07}) == vector::gp); // vmovntdqa ymm0, [rdi]
    CHECK_FALSE(at(32, {0xc5, 0xfd, 0xe7, 0x07}));
}

TEST_CASE("a store of 32 bytes across pages writes nothing if the second isn't there") {
    ON_BOTH_ENGINES;
    program.close_second_page();
    const u64 offset = GENERATE(u64{0xfe1}, 0xff0, 0xff8, 0xfff);
    program.state().xmm[0] = program.state().ymm_high[0] = ones;
    program.state().r[gpr::rdi] = data + offset;
    CHECK(program.run({0xc5, 0xfc, 0x11, 0x07}) == vector::pf); // vmovups [rdi], ymm0
    CHECK(program.state().cr2 == data + 0x1000);
    CHECK(program.memory<u8>(offset) == 0);
}

TEST_CASE("masked moves touch no more memory than they move") {
    ON_BOTH_ENGINES;
    program.close_second_page();
    State& state = program.state();
    const auto begin = [&](u64 lanes) { // of the first two, which lie on the first page, and the third, which doesn't
        state.r[gpr::rdi] = data + 0xff8;
        state.xmm[1] = {(lanes & 1 ? 0x8000'0000 : 0) | (lanes & 2 ? u64{1} << 63 : 0), lanes & 4 ? 0x8000'0000 : 0};
        state.ymm_high[1] = {};
        state.xmm[0] = state.ymm_high[0] = ones;
    };
    program.set_memory<u64>(0xff8, 0x2222'2222'1111'1111);
    SECTION("a load of what is there") {
        begin(2);
        CHECK_FALSE(program.run({0xc4, 0xe2, 0x75, 0x2c, 0x07})); // vmaskmovps ymm0, ymm1, [rdi]
        CHECK(state.xmm[0] == Vector{0x2222'2222'0000'0000, 0});
        CHECK(state.ymm_high[0] == Vector{});
    }
    SECTION("a load of what isn't changes nothing") {
        begin(6);
        CHECK(program.run({0xc4, 0xe2, 0x75, 0x8c, 0x07}) == vector::pf); // vpmaskmovd ymm0, ymm1, [rdi]
        CHECK(state.xmm[0] == ones);
    }
    SECTION("a store of what is there") {
        begin(1);
        CHECK_FALSE(program.run({0xc4, 0xe2, 0x75, 0x2e, 0x07})); // vmaskmovps [rdi], ymm1, ymm0
        CHECK(program.memory<u64>(0xff8) == 0x2222'2222'ffff'ffff);
    }
    SECTION("a store of more writes nothing") {
        begin(5);
        CHECK(program.run({0xc4, 0xe2, 0x75, 0x2e, 0x07}) == vector::pf);
        CHECK(program.memory<u64>(0xff8) == 0x2222'2222'1111'1111);
    }
}

TEST_CASE("a gather that faults has done what it could, and goes on there") {
    ON_BOTH_ENGINES;
    program.close_second_page();
    State& state = program.state();
    program.set_memory<u32>(0, 0x1111);
    program.set_memory<u32>(8, 0x2222);
    constexpr u64 away = 0x1000;
    state.xmm[2] = {u64{8} << 32, away | u64{4} << 32};                 // indexes 0, 8, 1000h, 4
    state.xmm[1] = {0x8000'0000 | u64{0x8765'4321} << 32, 0xf000'0000}; // the mask: lanes 0 to 2
    state.xmm[0] = {5, u64{6} << 32};
    state.ymm_high[0] = state.ymm_high[1] = ones;
    const std::initializer_list<u8> vpgatherdd{0xc4, 0xe2, 0x71, 0x90, 0x04, 0x17}; // xmm0, [rdi + xmm2], xmm1
    CHECK(program.run(vpgatherdd) == vector::pf);
    CHECK(state.cr2 == data + away);
    CHECK(state.xmm[0] == Vector{0x1111 | u64{0x2222} << 32, u64{6} << 32});
    CHECK(state.xmm[1] == Vector{0, 0xffff'ffff});

    const Vector gathered = state.xmm[0], mask = state.xmm[1];
    program.start();
    state.xmm[0] = gathered, state.xmm[1] = mask;
    state.xmm[2] = {u64{8} << 32, 8 | u64{4} << 32};
    state.ymm_high[0] = ones;
    CHECK_FALSE(program.run(vpgatherdd));
    CHECK(state.xmm[0] == Vector{0x1111 | u64{0x2222} << 32, 0x2222 | u64{6} << 32});
    CHECK(state.ymm_high[0] == Vector{});
    CHECK(state.xmm[1] == Vector{});
}

TEST_CASE("an exception in either half leaves the destination") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.cr4 |= cr4::osxmmexcpt;
    state.mxcsr = 0x1f80 & ~u64{1 << 9}; // divisions by zero are unmasked
    constexpr u64 one = 0x3ff0'0000'0000'0000;
    state.xmm[1] = state.ymm_high[1] = state.xmm[2] = {one, one};
    state.ymm_high[2] = {one, 0};
    state.xmm[0] = state.ymm_high[0] = ones;
    CHECK(program.run({0xc5, 0xf5, 0x5e, 0xc2}) == vector::xm); // vdivpd ymm0, ymm1, ymm2
    CHECK(state.xmm[0] == ones);
    CHECK(state.ymm_high[0] == ones);
    CHECK((state.mxcsr & 0x3f) == 4);
}

TEST_CASE("xsave has the upper halves behind the header") {
    ON_BOTH_ENGINES;
    State& state = program.state();
    state.ymm_high[2] = {7, 8};
    state.r[gpr::rax] = 7;
    CHECK_FALSE(program.run({0x48, 0x0f, 0xae, 0x27})); // xsave64 [rdi]
    CHECK(program.memory<u64>(512) == 5);
    CHECK(program.memory<u64>(576 + 2 * 16 + 8) == 8);
    state.ymm_high = {};
    CHECK_FALSE(program.run({0x48, 0x0f, 0xae, 0x2f})); // xrstor64 [rdi]
    CHECK(state.ymm_high[2] == Vector{7, 8});
}

} // namespace orrery::x86
