// FMA without the host's instructions against them, and known results.
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include "cpu/x86/floating_environment.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

struct Computed {
    Vector result;
    u32 flags;
    bool operator==(const Computed&) const = default;
};

Computed run(Kernel kernel, const KernelOperands& operands, u32 control) {
    const u32 before = read_mxcsr();
    write_mxcsr(control);
    const Vector result = kernel(operands);
    const u32 after = read_mxcsr();
    write_mxcsr(before);
    return {result, after & mxcsr::flags};
}

Kernel kernel_in(std::span<const KernelRow> table, Op op) {
    for (const KernelRow& row : table)
        if (row.op == op) return row.kernel;
    FAIL("the table has no such row");
    return nullptr;
}

// Singles and doubles that are special, near one another, or any.
u64 number(orrery::test::Random& random) {
    constexpr std::array<u64, 16> special{0,
                                          0x8000'0000'0000'0000,
                                          0x7ff0'0000'0000'0000,
                                          0xfff0'0000'0000'0000,
                                          0x7ff8'0000'0000'0001,
                                          0x7ff0'0000'0000'0001,
                                          0x0000'0000'0000'0001,
                                          0x000f'ffff'ffff'ffff,
                                          0x0010'0000'0000'0000,
                                          0x7fef'ffff'ffff'ffff,
                                          0x7f80'0000'ff80'0000,
                                          0x7fc0'0001'7f80'0001,
                                          0x0000'0001'807f'ffff,
                                          0x0080'0000'7f7f'ffff,
                                          0x3f80'0000'bf80'0001,
                                          0x3ff0'0000'0000'0001};
    switch (random.below(4)) {
    case 0:
        return random.among(std::span<const u64>(special));
    case 1: // about one
        return 0x3fe0'0000'3f00'0000 + (random.next() & 0x801f'ffff'80ff'ffff);
    case 2: // about the smallest
        return random.next() & 0x83ff'ffff'8fff'ffff;
    default:
        return random.next();
    }
}

} // namespace

TEST_CASE("products and sums are rounded once") {
    constexpr u64 one_and_bit = 0x3ff0'0000'0000'0001, minus_one_and_two_bits = 0xbff0'0000'0000'0002;
    const Vector a{one_and_bit, 0}, c{minus_one_and_two_bits, 0};
    // (1 + e)^2 - (1 + 2e) = e^2
    for (const auto table : {portable_fused_arithmetic(), fused_arithmetic()}) {
        const Computed outcome = run(kernel_in(table, Op::vfmadd213sd), {.a = a, .b = a, .c = c}, mxcsr::host_default);
        CHECK(outcome == Computed{{0x3970'0000'0000'0000, 0}, 0});
    }
}

TEST_CASE("fused arithmetic without the host's instructions is the same") {
    orrery::test::Random random{5};
    for (const KernelRow& row : portable_fused_arithmetic()) {
        const Kernel other = kernel_in(fused_arithmetic(), row.op);
        for (int i = 0; i < 3000; ++i) {
            const auto vector = [&] { return Vector{number(random), number(random)}; };
            const Vector a = vector(), b = vector(), c = vector();
            u32 control = mxcsr::masks;
            if (random.one_in(2)) control |= static_cast<u32>(random.next()) & 0xe040;
            const KernelOperands operands{.a = a, .b = b, .c = c};
            const Computed here = run(row.kernel, operands, control), there = run(other, operands, control);
            if (here == there) continue;
            INFO("operation " << static_cast<int>(row.op) << std::hex << " MXCSR " << control << " a " << a[0] << ' '
                              << a[1] << " b " << b[0] << ' ' << b[1] << " c " << c[0] << ' ' << c[1] << " gives "
                              << here.result[0] << ' ' << here.result[1] << " flags " << here.flags << ", not "
                              << there.result[0] << ' ' << there.result[1] << " flags " << there.flags);
            FAIL("they differ");
        }
    }
}

} // namespace orrery::x86
