// The transcendental functions against the host's x87 unit, whose results may be off by a unit in the last place.
#include "cpu/float/extended_functions.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/softfloat/host_x87.hpp"
#include "tests/unit/softfloat/x87_operands.hpp"

#if defined(__x86_64__)

#include <fmt/format.h>

using namespace orrery;
using namespace orrery::softfloat;
using namespace orrery::test;

namespace {

constexpr int cases = 1'000'000;

// The distance in units of the last place of numbers of the same sign, one of which may be of another binade.
u64 distance(Extended a, Extended b) {
    if (a == b) return 0;
    if (a.negative() != b.negative()) return ~u64{0};
    const auto key = [](Extended x) {
        return u128{static_cast<u32>(x.exponent())} << 63 | (x.significand & ~u64{0} >> 1);
    };
    const u128 apart = key(a) > key(b) ? key(a) - key(b) : key(b) - key(a);
    return apart >> 64 != 0 ? ~u64{0} : static_cast<u64>(apart);
}

struct Case {
    Extended a, b; // ST(0) and ST(1)
    X87Image image;
    ExtendedContext context{0};
};

Case make(Random& random, Extended a, Extended b) {
    Case made{a, b, {}, ExtendedContext{0}};
    made.image.control = x87_control(random);
    made.context = ExtendedContext(made.image.control);
    made.image.fill(2);
    made.image.set(0, a);
    made.image.set(1, b);
    return made;
}

void check(const char* name, const Case& tried, Extended ours, Extended host, u16 host_status) {
    const u16 expected = host_status & x87_flag::exceptions;
    const u16 raised = tried.context.raised & x87_flag::exceptions;
    if (distance(ours, host) <= 1 && expected == raised) return;
    FAIL(name << " " << text(tried.a) << " " << text(tried.b) << fmt::format(" control {:x}", tried.image.control)
              << ": " << text(ours) << fmt::format(" {:x}", raised) << ", on the host " << text(host)
              << fmt::format(" {:x}", expected));
}

Extended angle(Random& random) {
    Extended a = extended_operand(random);
    // Mostly moderate ones.
    if (random.below(4) != 0)
        a = {random.next() | u64{1} << 63,
             static_cast<u16>((random.next() & Extended::sign_bit) | (Extended::bias - 20 + random.below(84)))};
    return a;
}

using Unary = Extended (*)(Extended, ExtendedContext&);
void check_angles(const char* name, u64 seed, Unary function, void (*host)(X87Image&), std::size_t result = 0) {
    Random random(seed);
    for (int i = 0; i < cases; ++i) {
        Case tried = make(random, angle(random), {});
        X87Image after = tried.image;
        host(after);
        const bool out_of_range = (after.status >> 10 & 1) != 0;
        if (out_of_range != !extended::is_reducible(tried.a)) FAIL(name << " " << text(tried.a) << ": range");
        if (out_of_range) continue;
        const Extended ours = function(tried.a, tried.context);
        if (tried.context.stops())
            check(name, tried, tried.a, after.get(0), after.status);
        else
            check(name, tried, ours, after.get(result), after.status);
    }
}

using Binary = Extended (*)(Extended, Extended, ExtendedContext&);
template <typename Operands>
void check_binary(const char* name, u64 seed, Binary function, void (*host)(X87Image&), Operands operands) {
    Random random(seed);
    for (int i = 0; i < cases; ++i) {
        const auto [top, below] = operands(random);
        Case tried = make(random, top, below);
        X87Image after = tried.image;
        host(after);
        const Extended ours = function(below, top, tried.context);
        check(name, tried, tried.context.stops() ? tried.a : ours, after.get(0), after.status);
    }
}

Extended near_one(Random& random) {
    const u64 bits = random.next() >> random.below(64);
    if (random.below(2) != 0) return {u64{1} << 63 | bits, Extended::bias};
    return {~(bits >> 1), Extended::bias - 1};
}

} // namespace

TEST_CASE("sines equal the host's but for the last place") {
    check_angles("sine", 1, extended::sine, host_x87::sine);
    check_angles("cosine", 2, extended::cosine, host_x87::cosine);
}

TEST_CASE("tangents equal the host's but for the last place") {
    check_angles("tangent", 3, extended::tangent, host_x87::tangent, 1);
}

TEST_CASE("arctangents equal the host's but for the last place") {
    check_binary("arctangent", 4, extended::arctangent, host_x87::arctangent, [](Random& random) {
        Extended a = extended_operand(random);
        Extended b = extended_operand(random);
        if (random.below(2) != 0) b.sign_exponent = static_cast<u16>(a.sign_exponent + random.below(17) - 8);
        return std::pair{a, b};
    });
}

TEST_CASE("powers of two equal the host's but for the last place") {
    Random random(5);
    for (int i = 0; i < cases; ++i) {
        Extended a = extended_operand(random);
        if (random.below(4) != 0)
            a = {random.next() | u64{1} << 63,
                 static_cast<u16>((random.next() & Extended::sign_bit) | (Extended::bias - 1 - random.below(70)))};
        // Beyond 1 nothing is promised.
        if (a.is_normal() && a.exponent() >= Extended::bias && extended::with_sign(false, a) != extended::one) continue;
        Case tried = make(random, a, {});
        X87Image after = tried.image;
        host_x87::power_of_two(after);
        const Extended ours = extended::power_of_two_less_one(a, tried.context);
        check("power", tried, tried.context.stops() ? a : ours, after.get(0), after.status);
    }
}

TEST_CASE("logarithms equal the host's but for the last place") {
    check_binary("logarithm", 6, extended::logarithm, host_x87::logarithm, [](Random& random) {
        Extended x = random.below(4) != 0 ? extended_operand(random) : near_one(random);
        if (random.below(4) != 0) x = extended::with_sign(false, x);
        return std::pair{x, extended_operand(random)};
    });
}

TEST_CASE("logarithms of numbers near one equal the host's but for the last place") {
    check_binary(
        "logarithm near one", 7, extended::logarithm_plus_one, host_x87::logarithm_near_one, [](Random& random) {
            Extended x = extended_operand(random);
            // Beyond 1 - sqrt(1/2) nothing is promised.
            if (x.exponent() >= Extended::bias - 2)
                x.sign_exponent =
                    static_cast<u16>((x.sign_exponent & Extended::sign_bit) | (Extended::bias - 3 - random.below(70)));
            return std::pair{x, extended_operand(random)};
        });
}

#endif
