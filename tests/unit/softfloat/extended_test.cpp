// The 80-bit format against the host's x87 unit: every rounding and precision, exceptions masked and not.
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

struct Case {
    Extended a, b;
    X87Image image;
    ExtendedContext context{0};
};

Case make(Random& random) {
    Case made{extended_operand(random), extended_operand(random), {}, ExtendedContext{0}};
    if (random.below(8) == 0) made.b = made.a;
    if (random.below(8) == 0) made.b.significand ^= random.below(4);
    made.image.control = x87_control(random);
    made.context = ExtendedContext(made.image.control);
    made.image.fill(2);
    made.image.set(0, made.a);
    made.image.set(1, made.b);
    return made;
}

void differ(const char* name, const Case& tried, const std::string& ours, const std::string& host) {
    FAIL(name << " " << text(tried.a) << " " << text(tried.b) << fmt::format(" control {:x}", tried.image.control)
              << ": " << ours << ", on the host " << host);
}

// What ST(0) holds and which flags are raised.
void check(const char* name, const Case& tried, Extended result, const X87Image& after, u16 flags = X87Image::flags) {
    const Extended ours = tried.context.stops() ? tried.a : result;
    const u16 raised = tried.context.raised & flags;
    const u16 expected = after.status & flags;
    if (ours == after.get(0) && raised == expected) return;
    differ(name, tried, fmt::format("{} {:x}", text(ours), raised),
           fmt::format("{} {:x}", text(after.get(0)), expected));
}

using Binary = Extended (*)(Extended, Extended, ExtendedContext&);
void check_binary(const char* name, u64 seed, Binary operation, void (*host)(X87Image&)) {
    Random random(seed);
    for (int i = 0; i < cases; ++i) {
        Case tried = make(random);
        X87Image after = tried.image;
        host(after);
        const Extended result = operation(tried.a, tried.b, tried.context);
        check(name, tried, result, after);
    }
}

// Where a store leaves its operand alone, the memory keeps this.
constexpr u64 untouched = 0x5555'5555'5555'5555;

template <typename Memory, typename Operation>
void check_store(const char* name, u64 seed, Operation operation, void (*host)(X87Image&, Memory&)) {
    Random random(seed);
    for (int i = 0; i < cases; ++i) {
        Case tried = make(random);
        X87Image after = tried.image;
        Memory stored = static_cast<Memory>(untouched);
        host(after, stored);
        const auto value = static_cast<Memory>(operation(tried.a, tried.context));
        const Memory ours = tried.context.stops_store() ? static_cast<Memory>(untouched) : value;
        const u16 raised = tried.context.raised & X87Image::flags;
        const u16 expected = after.status & X87Image::flags;
        if (ours != stored || raised != expected)
            differ(name, tried, fmt::format("{:x} {:x}", ours, raised), fmt::format("{:x} {:x}", stored, expected));
    }
}

} // namespace

TEST_CASE("the 80-bit format's arithmetic equals the host's") {
    check_binary("add", 1, extended::add, host_x87::add);
    check_binary("sub", 2, extended::sub, host_x87::sub);
    check_binary("mul", 3, extended::mul, host_x87::mul);
    check_binary("div", 4, extended::div, host_x87::div);
}

TEST_CASE("square roots and integral values of the 80-bit format equal the host's") {
    check_binary(
        "sqrt", 5, [](Extended a, Extended, ExtendedContext& c) { return extended::sqrt(a, c); }, host_x87::sqrt);
    check_binary(
        "round", 6, [](Extended a, Extended, ExtendedContext& c) { return extended::round_to_integral(a, c); },
        host_x87::round_to_integral);
}

TEST_CASE("scaling equals the host's") { check_binary("scale", 7, extended::scale, host_x87::scale); }

TEST_CASE("comparisons of the 80-bit format equal the host's") {
    constexpr u16 conditions = 0x4500; // C3, C2, C0
    constexpr std::array<u16, 4> by_relation{0x0100, 0x4000, 0x0000, 0x4500};
    Random random(8);
    for (int i = 0; i < cases; ++i) {
        for (const bool quiet : {false, true}) {
            Case tried = make(random);
            X87Image after = tried.image;
            quiet ? host_x87::compare_quietly(after) : host_x87::compare(after);
            const Relation relation = extended::compare(
                tried.a, tried.b, quiet ? NanComparison::quiet : NanComparison::signaling, tried.context);
            const u16 ours = by_relation[static_cast<std::size_t>(relation)];
            // Behind an unmasked exception Intel's processors leave the conditions alone, AMD's don't.
            const bool same = tried.context.stops() || ours == (after.status & conditions);
            if (!same || tried.context.raised != (after.status & X87Image::flags))
                differ("compare", tried, fmt::format("{:x} {:x}", ours, tried.context.raised),
                       fmt::format("{:x}", after.status));
        }
    }
}

TEST_CASE("exponents and significands are taken apart as on the host") {
    Random random(9);
    for (int i = 0; i < cases; ++i) {
        Case tried = make(random);
        X87Image after = tried.image;
        host_x87::extract(after);
        const auto [exponent, significand] = extended::extract(tried.a, tried.context);
        check("extract", tried, tried.context.stops() ? tried.a : significand, after);
        if (!tried.context.stops() && after.get(1) != exponent)
            differ("extract", tried, text(exponent), text(after.get(1)));
    }
}

TEST_CASE("remainders equal the host's") {
    Random random(10);
    for (int i = 0; i < cases; ++i) {
        const bool nearest = i % 2 != 0;
        Case tried = make(random);
        X87Image after = tried.image;
        nearest ? host_x87::nearest_remainder(after) : host_x87::remainder(after);
        const auto result = extended::remainder(tried.a, tried.b, nearest, tried.context);
        check(nearest ? "remainder to nearest" : "remainder", tried, result.value, after, x87_flag::exceptions);
        if (tried.context.stops()) continue;
        const u32 status = after.status;
        const u32 quotient = (status >> 8 & 1) << 2 | (status >> 14 & 1) << 1 | (status >> 9 & 1);
        const bool complete = (status >> 10 & 1) == 0;
        using Outcome = extended::Remainder::Outcome;
        if (result.outcome == Outcome::impossible) continue;
        if (complete != (result.outcome == Outcome::complete) || (complete && quotient != result.quotient))
            differ("remainder", tried, fmt::format("{} {}", result.quotient, result.outcome == Outcome::complete),
                   fmt::format("{} {}", quotient, complete));
    }
}

TEST_CASE("stores of the 80-bit format to narrower ones equal the host's") {
    check_store<u32>(
        "f32", 11, [](Extended a, ExtendedContext& c) { return extended::narrow<F32>(a, c); }, host_x87::store_f32);
    check_store<u64>(
        "f64", 12, [](Extended a, ExtendedContext& c) { return extended::narrow<F64>(a, c); }, host_x87::store_f64);
    const auto integer = [](int bits) {
        return [bits](Extended a, ExtendedContext& c) { return extended::to_integer(a, bits, c.rounding, c); };
    };
    check_store<u16>("i16", 13, integer(16), host_x87::store_i16);
    check_store<u32>("i32", 14, integer(32), host_x87::store_i32);
    check_store<u64>("i64", 15, integer(64), host_x87::store_i64);
    check_store<u64>(
        "truncated i64", 16,
        [](Extended a, ExtendedContext& c) { return extended::to_integer(a, 64, Rounding::toward_zero, c); },
        host_x87::truncate_i64);
}

TEST_CASE("packed decimal numbers are stored and loaded as on the host") {
    Random random(17);
    for (int i = 0; i < cases; ++i) {
        Case tried = make(random);
        X87Image after = tried.image;
        host_x87::Bytes10 memory;
        host_x87::store_decimal(after, memory);
        const extended::Decimal ours = extended::to_decimal(tried.a, tried.context);
        extended::Decimal host;
        std::memcpy(&host.low, memory.bytes.data(), 8);
        std::memcpy(&host.high, memory.bytes.data() + 8, 2);
        if (tried.context.raised != (after.status & X87Image::flags) || (!tried.context.stops_store() && ours != host))
            differ("decimal", tried, fmt::format("{:x} {:x} {:x}", ours.high, ours.low, tried.context.raised),
                   fmt::format("{:x} {:x} {:x}", host.high, host.low, after.status));
        if (host == extended::indefinite_decimal || tried.context.stops_store()) continue;
        X87Image loaded;
        host_x87::load_decimal(loaded, memory);
        if (loaded.get(0) != extended::from_decimal(ours))
            differ("decimal", tried, text(extended::from_decimal(ours)), text(loaded.get(0)));
    }
}

TEST_CASE("narrower operands widen as on the host") {
    Random random(18);
    for (int i = 0; i < cases; ++i) {
        const u32 narrow = crowded_operand<F32>(random);
        u64 wide = crowded_operand<F64>(random);
        Case tried = make(random);
        X87Image after = tried.image;
        u32 narrow_in_memory = narrow;
        host_x87::add_f32(after, narrow_in_memory);
        const Extended a = extended::widen<F32>(narrow, tried.context);
        check("add f32", tried, extended::add(tried.a, a, tried.context), after);
        tried.context = ExtendedContext(tried.image.control);
        after = tried.image;
        host_x87::add_f64(after, wide);
        const Extended b = extended::widen<F64>(wide, tried.context);
        check("add f64", tried, extended::add(tried.a, b, tried.context), after);
        X87Image loaded;
        host_x87::load_i64(loaded, wide);
        if (loaded.get(0) != extended::from_integer(static_cast<i64>(wide)))
            differ("load i64", tried, text(extended::from_integer(static_cast<i64>(wide))), text(loaded.get(0)));
    }
}

#endif
