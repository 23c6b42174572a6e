// The lazy flags against those of the host's CPU.
#include <random>

#include "cpu/x86/lazy_flags.hpp"
#include "tests/support/catch.hpp"

#if defined(__x86_64__)

namespace orrery::x86 {
namespace {

struct Computed {
    u64 result = 0;
    u64 flags = 0;
};

// One instruction on the host, with its flags.
#define HOST_INSTRUCTION(name, text, type)                                                                             \
    Computed name(type first, type second) {                                                                           \
        u64 flags = 0;                                                                                                 \
        asm(text "\n\tpushfq\n\tpopq %1" : "+r"(first), "=r"(flags) : "r"(second) : "cc", "memory");                   \
        return {first, flags};                                                                                         \
    }
HOST_INSTRUCTION(add8, "addb %2, %0", u8)
HOST_INSTRUCTION(add16, "addw %2, %0", u16)
HOST_INSTRUCTION(add32, "addl %2, %0", u32)
HOST_INSTRUCTION(add64, "addq %2, %0", u64)
HOST_INSTRUCTION(sub8, "subb %2, %0", u8)
HOST_INSTRUCTION(sub16, "subw %2, %0", u16)
HOST_INSTRUCTION(sub32, "subl %2, %0", u32)
HOST_INSTRUCTION(sub64, "subq %2, %0", u64)
HOST_INSTRUCTION(xor8, "xorb %2, %0", u8)
HOST_INSTRUCTION(xor64, "xorq %2, %0", u64)
HOST_INSTRUCTION(inc8, "stc\n\tincb %0", u8)
HOST_INSTRUCTION(inc64, "clc\n\tincq %0", u64)
HOST_INSTRUCTION(dec16, "stc\n\tdecw %0", u16)
HOST_INSTRUCTION(dec32, "clc\n\tdecl %0", u32)
HOST_INSTRUCTION(shl32, "shll $1, %0", u32)
HOST_INSTRUCTION(shr8, "shrb $1, %0", u8)
HOST_INSTRUCTION(sar64, "sarq $1, %0", u64)
#undef HOST_INSTRUCTION

constexpr u64 without_af = flag::arithmetic & ~flag::adjust;

std::vector<u64> interesting_values() {
    std::vector<u64> values{0,
                            1,
                            2,
                            0xf,
                            0x10,
                            0x7f,
                            0x80,
                            0xff,
                            0x7fff,
                            0x8000,
                            0xffff,
                            0x7fff'ffff,
                            0x8000'0000,
                            0xffff'ffff,
                            0x7fff'ffff'ffff'ffff,
                            0x8000'0000'0000'0000,
                            ~u64{0}};
    std::mt19937_64 random(1);
    for (int i = 0; i < 200; ++i) values.push_back(random());
    return values;
}

void check(const Computed& host, FlagOperation operation, u32 size_log2, u64 operand, u64 defined) {
    const LazyFlags lazy{flag_kind(operation, size_log2), host.result, operand};
    CHECK((arithmetic_flags(lazy) & defined) == (host.flags & defined));
    for (u32 condition = 0; condition < 16; ++condition)
        CHECK(condition_holds(lazy, condition) == condition_holds(arithmetic_flags(lazy), condition));
}

template <typename Each> void for_all_pairs(Each each) {
    const std::vector<u64> values = interesting_values();
    for (const u64 first : values)
        for (const u64 second : values) each(first, second);
}

} // namespace

TEST_CASE("additions and subtractions of every width have the host's flags") {
    constexpr u64 all = flag::arithmetic;
    for_all_pairs([&](u64 a, u64 b) {
        check(add8(static_cast<u8>(a), static_cast<u8>(b)), FlagOperation::add, 0, static_cast<u8>(b), all);
        check(add16(static_cast<u16>(a), static_cast<u16>(b)), FlagOperation::add, 1, static_cast<u16>(b), all);
        check(add32(static_cast<u32>(a), static_cast<u32>(b)), FlagOperation::add, 2, static_cast<u32>(b), all);
        check(add64(a, b), FlagOperation::add, 3, b, all);
        check(sub8(static_cast<u8>(a), static_cast<u8>(b)), FlagOperation::subtract, 0, static_cast<u8>(b), all);
        check(sub16(static_cast<u16>(a), static_cast<u16>(b)), FlagOperation::subtract, 1, static_cast<u16>(b), all);
        check(sub32(static_cast<u32>(a), static_cast<u32>(b)), FlagOperation::subtract, 2, static_cast<u32>(b), all);
        check(sub64(a, b), FlagOperation::subtract, 3, b, all);
    });
}

TEST_CASE("logic, counting and shifts by one have the host's flags") {
    for_all_pairs([&](u64 a, u64 b) {
        check(xor8(static_cast<u8>(a), static_cast<u8>(b)), FlagOperation::logic, 0, 0, without_af);
        check(xor64(a, b), FlagOperation::logic, 3, 0, without_af);
    });
    for (const u64 a : interesting_values()) {
        check(inc8(static_cast<u8>(a), 0), FlagOperation::increment, 0, 1, flag::arithmetic);
        check(inc64(a, 0), FlagOperation::increment, 3, 0, flag::arithmetic);
        check(dec16(static_cast<u16>(a), 0), FlagOperation::decrement, 1, 1, flag::arithmetic);
        check(dec32(static_cast<u32>(a), 0), FlagOperation::decrement, 2, 0, flag::arithmetic);
        check(shl32(static_cast<u32>(a), 0), FlagOperation::shift_left, 2, a >> 31 & 1, without_af);
        check(shr8(static_cast<u8>(a), 0), FlagOperation::shift_right, 0, a & 1, without_af);
        check(sar64(a, 0), FlagOperation::shift_arithmetic, 3, a & 1, without_af);
    }
}

TEST_CASE("an image is what it was, and unknown bits of the flags are ignored") {
    State state;
    set_flags(state, ~u64{0});
    CHECK(current_flags(state) == (flag::all | rflags_fixed));
    set_flags(state, flag::carry | flag::overflow);
    CHECK(current_flags(state) == (flag::carry | flag::overflow | rflags_fixed));
}

TEST_CASE("each condition is that of the manual, and odd ones are their neighbours' opposites") {
    for (u64 bits = 0; bits < 64; ++bits) {
        const u64 flags = (bits & 1 ? flag::carry : 0) | (bits & 2 ? flag::parity : 0) | (bits & 4 ? flag::zero : 0) |
                          (bits & 8 ? flag::sign : 0) | (bits & 16 ? flag::overflow : 0);
        const bool cf = flags & flag::carry, pf = flags & flag::parity, zf = flags & flag::zero;
        const bool less = ((flags & flag::sign) != 0) != ((flags & flag::overflow) != 0);
        CHECK(condition_holds(flags, 0) == ((flags & flag::overflow) != 0));
        CHECK(condition_holds(flags, 2) == cf);
        CHECK(condition_holds(flags, 4) == zf);
        CHECK(condition_holds(flags, 6) == (cf || zf));
        CHECK(condition_holds(flags, 8) == ((flags & flag::sign) != 0));
        CHECK(condition_holds(flags, 10) == pf);
        CHECK(condition_holds(flags, 12) == less);
        CHECK(condition_holds(flags, 14) == (less || zf));
        for (u32 condition = 0; condition < 16; condition += 2)
            CHECK(condition_holds(flags, condition) != condition_holds(flags, condition + 1));
    }
}

} // namespace orrery::x86

#endif
