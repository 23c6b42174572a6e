// The F, D and Zfhmin instructions on register values: boxing, sign extension, saturation, and both arithmetics alike.
#include "cpu/float/host_float.hpp"
#include "cpu/riscv/float.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/operands.hpp"

using namespace orrery;
using namespace orrery::riscv;

namespace {

using Soft = FloatInstructions<softfloat::Soft>;
using Host = FloatInstructions<softfloat::Host>;

constexpr u32 rne = 0;
constexpr u32 rtz = 1;
constexpr u64 canonical_s = 0xffff'ffff'7fc0'0000;

u64 boxed(float value) { return box_s(std::bit_cast<u32>(value)); }
u64 bits(double value) { return std::bit_cast<u64>(value); }

} // namespace

TEST_CASE("a single that is not NaN-boxed computes as the canonical NaN, but moves as it is") {
    u8 fflags = 0;
    const u64 unboxed = 0x0000'0000'3f80'0000;
    CHECK(Soft::fadd_s(unboxed, boxed(1), rne, fflags) == canonical_s);
    CHECK(Soft::fmin_s(unboxed, boxed(1), fflags) == boxed(1));
    CHECK(Soft::feq_s(unboxed, unboxed, fflags) == 0);
    CHECK(fflags == 0);
    CHECK(fclass_s(unboxed) == 1 << 9);
    CHECK(fsgnjn_s(unboxed, unboxed) == 0xffff'ffff'ffc0'0000);
    CHECK(fmv_x_w(unboxed) == 0x3f80'0000);
    CHECK(Soft::fcvt_s_h(0x3c00, rne, fflags) == canonical_s);
    CHECK(Soft::fcvt_s_h(box_h(0x3c00), rne, fflags) == boxed(1));
}

TEST_CASE("moves to x registers sign-extend and moves to f registers box") {
    CHECK(fmv_x_w(box_s(0x8000'0000)) == 0xffff'ffff'8000'0000);
    CHECK(fmv_x_h(box_h(0x8000)) == 0xffff'ffff'ffff'8000);
    CHECK(fmv_w_x(0x1234'5678'9abc'def0) == 0xffff'ffff'9abc'def0);
    CHECK(fmv_h_x(0x1234'5678'9abc'def0) == 0xffff'ffff'ffff'def0);
}

TEST_CASE("32-bit integer results are sign-extended, unsigned ones too") {
    u8 fflags = 0;
    CHECK(Soft::fcvt_wu_d(bits(4294967295.0), rne, fflags) == ~u64{0});
    CHECK(Soft::fcvt_w_d(bits(-2.0), rne, fflags) == ~u64{1});
    CHECK(fflags == 0);
}

TEST_CASE("conversions to integers saturate with invalid alone") {
    struct Row {
        double value;
        u64 w, wu, l, lu;
    };
    constexpr u64 w_max = 0x7fff'ffff, w_min = 0xffff'ffff'8000'0000;
    constexpr u64 l_max = ~u64{0} >> 1, l_min = u64{1} << 63;
    const Row rows[] = {{std::bit_cast<double>(u64{0x7ff8'0000'0000'0000}), w_max, ~u64{0}, l_max, ~u64{0}},
                        {std::bit_cast<double>(u64{0xfff8'0000'0000'0000}), w_max, ~u64{0}, l_max, ~u64{0}},
                        {1e300, w_max, ~u64{0}, l_max, ~u64{0}},
                        {-1e300, w_min, 0, l_min, 0}};
    for (const Row& row : rows) {
        u8 fflags = 0;
        CHECK(Soft::fcvt_w_d(bits(row.value), rne, fflags) == row.w);
        CHECK(Soft::fcvt_wu_d(bits(row.value), rne, fflags) == row.wu);
        CHECK(Host::fcvt_l_d(bits(row.value), rne, fflags) == row.l);
        CHECK(Host::fcvt_lu_d(bits(row.value), rne, fflags) == row.lu);
        CHECK(fflags == softfloat::flag::invalid);
    }
    u8 fflags = 0;
    CHECK(Host::fcvt_wu_d(bits(-0.5), rtz, fflags) == 0); // rounds into range: inexact, not invalid
    CHECK(fflags == softfloat::flag::inexact);
    CHECK(Host::fcvt_lu_s(boxed(-1), rtz, fflags) == 0);
    CHECK(fflags == (softfloat::flag::inexact | softfloat::flag::invalid));
}

TEST_CASE("each fused instruction negates what its name says") {
    u8 fflags = 0;
    CHECK(Host::fmadd_d(bits(3), bits(5), bits(7), rne, fflags) == bits(22));
    CHECK(Host::fmsub_d(bits(3), bits(5), bits(7), rne, fflags) == bits(8));
    CHECK(Host::fnmsub_d(bits(3), bits(5), bits(7), rne, fflags) == bits(-8));
    CHECK(Host::fnmadd_d(bits(3), bits(5), bits(7), rne, fflags) == bits(-22));
    CHECK(Host::fnmadd_s(boxed(3), boxed(5), boxed(7), rne, fflags) == boxed(-22));
    CHECK(fflags == 0);
}

TEST_CASE("feq is quiet, flt and fle signal any NaN") {
    const u64 quiet = 0x7ff8'0000'0000'0001;
    const u64 signaling = 0x7ff0'0000'0000'0001;
    u8 fflags = 0;
    CHECK(Soft::feq_d(quiet, bits(1), fflags) == 0);
    CHECK(fflags == 0);
    CHECK(Soft::feq_d(signaling, bits(1), fflags) == 0);
    CHECK(fflags == softfloat::flag::invalid);
    fflags = 0;
    CHECK(Soft::fle_d(quiet, quiet, fflags) == 0);
    CHECK(fflags == softfloat::flag::invalid);
    fflags = 0;
    CHECK(Soft::flt_s(boxed(-0.0f), boxed(0.0f), fflags) == 0);
    CHECK(Soft::fle_s(boxed(-0.0f), boxed(0.0f), fflags) == 1);
    CHECK(Soft::flt_s(boxed(1), canonical_s, fflags) == 0);
    CHECK(fflags == softfloat::flag::invalid);
}

TEST_CASE("sign injection keeps payloads") {
    const u64 nan = 0x7ff0'0000'0000'0abc;
    CHECK(fsgnj_d(nan, bits(-1)) == 0xfff0'0000'0000'0abc);
    CHECK(fsgnjn_d(nan, bits(-1)) == nan);
    CHECK(fsgnjx_d(bits(-2), bits(-1)) == bits(2));
    CHECK(fsgnjx_s(boxed(2), boxed(-1)) == boxed(-2));
}

TEST_CASE("both arithmetics give the same registers and flags in all five modes") {
    using Binary = u64 (*)(u64, u64, u32, u8&);
    const std::pair<Binary, Binary> instructions[] = {{&Soft::fadd_s, &Host::fadd_s}, {&Soft::fsub_s, &Host::fsub_s},
                                                      {&Soft::fmul_s, &Host::fmul_s}, {&Soft::fdiv_s, &Host::fdiv_s},
                                                      {&Soft::fadd_d, &Host::fadd_d}, {&Soft::fsub_d, &Host::fsub_d},
                                                      {&Soft::fmul_d, &Host::fmul_d}, {&Soft::fdiv_d, &Host::fdiv_d}};
    using Unary = u64 (*)(u64, u32, u8&);
    const std::pair<Unary, Unary> conversions[] = {
        {&Soft::fsqrt_s, &Host::fsqrt_s},   {&Soft::fsqrt_d, &Host::fsqrt_d},
        {&Soft::fcvt_w_s, &Host::fcvt_w_s}, {&Soft::fcvt_wu_s, &Host::fcvt_wu_s},
        {&Soft::fcvt_l_s, &Host::fcvt_l_s}, {&Soft::fcvt_lu_s, &Host::fcvt_lu_s},
        {&Soft::fcvt_w_d, &Host::fcvt_w_d}, {&Soft::fcvt_wu_d, &Host::fcvt_wu_d},
        {&Soft::fcvt_l_d, &Host::fcvt_l_d}, {&Soft::fcvt_lu_d, &Host::fcvt_lu_d},
        {&Soft::fcvt_s_w, &Host::fcvt_s_w}, {&Soft::fcvt_s_wu, &Host::fcvt_s_wu},
        {&Soft::fcvt_s_l, &Host::fcvt_s_l}, {&Soft::fcvt_s_lu, &Host::fcvt_s_lu},
        {&Soft::fcvt_d_w, &Host::fcvt_d_w}, {&Soft::fcvt_d_wu, &Host::fcvt_d_wu},
        {&Soft::fcvt_d_l, &Host::fcvt_d_l}, {&Soft::fcvt_d_lu, &Host::fcvt_d_lu},
        {&Soft::fcvt_s_d, &Host::fcvt_s_d}, {&Soft::fcvt_d_s, &Host::fcvt_d_s},
        {&Soft::fcvt_s_h, &Host::fcvt_s_h}, {&Soft::fcvt_h_s, &Host::fcvt_h_s},
        {&Soft::fcvt_d_h, &Host::fcvt_d_h}, {&Soft::fcvt_h_d, &Host::fcvt_h_d}};
    test::Random random(301);
    const auto operand = [&]() -> u64 {
        switch (random.below(8)) {
        case 0:
            return random.next();
        case 1:
            return box_h(static_cast<u16>(random.next()));
        case 2:
        case 3:
        case 4:
            return box_s(test::crowded_operand<softfloat::F32>(random));
        default:
            return test::crowded_operand<softfloat::F64>(random);
        }
    };
    for (int count = 0; count < 40'000; ++count) {
        const u64 a = operand();
        const u64 b = operand();
        for (u32 rm = 0; rm < 5; ++rm) {
            for (const auto& [soft, host] : instructions) {
                test::Outcome reference;
                test::Outcome fast;
                reference.bits = soft(a, b, rm, reference.flags);
                fast.bits = host(a, b, rm, fast.flags);
                test::require_same("binary", fast, reference, rm, a, b);
            }
            for (const auto& [soft, host] : conversions) {
                test::Outcome reference;
                test::Outcome fast;
                reference.bits = soft(a, rm, reference.flags);
                fast.bits = host(a, rm, fast.flags);
                test::require_same("unary", fast, reference, rm, a);
            }
        }
    }
}
