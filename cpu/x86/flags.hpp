// The bits of EFLAGS (SDM 1, 3.4.3), and what an operation does with them, in the notation of the SDM's table of flags
// (SDM 1, appendix A). Read by whoever removes flags that nobody sees, and by tests that mask undefined ones.
#pragma once

#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery::x86 {

namespace flag {
inline constexpr u32 carry = 1U << 0;
inline constexpr u32 parity = 1U << 2;
inline constexpr u32 adjust = 1U << 4;
inline constexpr u32 zero = 1U << 6;
inline constexpr u32 sign = 1U << 7;
inline constexpr u32 trap = 1U << 8;
inline constexpr u32 interrupt = 1U << 9;
inline constexpr u32 direction = 1U << 10;
inline constexpr u32 overflow = 1U << 11;
inline constexpr u32 privilege_level = 3U << 12;
inline constexpr u32 nested_task = 1U << 14;
inline constexpr u32 resume = 1U << 16;
inline constexpr u32 virtual_8086 = 1U << 17;
inline constexpr u32 alignment_check = 1U << 18;
inline constexpr u32 virtual_interrupt = 3U << 19; // VIF and VIP
inline constexpr u32 identification = 1U << 21;
inline constexpr u32 arithmetic = carry | parity | adjust | zero | sign | overflow;
inline constexpr u32 all = arithmetic | trap | interrupt | direction | privilege_level | nested_task | resume |
                           virtual_8086 | alignment_check | virtual_interrupt | identification;
} // namespace flag

struct FlagEffects {
    u32 read = 0;
    u32 written = 0;   // with a defined value, which includes `cleared` and `set`
    u32 undefined = 0; // may have any value afterwards
    u32 cleared = 0;
    u32 set = 0;
    constexpr bool operator==(const FlagEffects&) const = default;
};

// Not constexpr: reaching it makes the constant expression, and so the build, fail.
void flag_text_is_malformed();

// One symbol of the table: T tested, M modified, B both, 0 and 1 cleared and set, U undefined, '.' left alone.
constexpr void add_flag_effect(FlagEffects& effects, char symbol, u32 bit) {
    switch (symbol) {
    case '.':
        return;
    case 'T':
        effects.read |= bit;
        return;
    case 'B':
        effects.read |= bit;
        effects.written |= bit;
        return;
    case 'M':
        effects.written |= bit;
        return;
    case '0':
        effects.written |= bit;
        effects.cleared |= bit;
        return;
    case '1':
        effects.written |= bit;
        effects.set |= bit;
        return;
    case 'U':
        effects.undefined |= bit;
        return;
    default:
        flag_text_is_malformed();
    }
}

constexpr u32 flag_named(char name) {
    switch (name) {
    case 'T':
        return flag::trap;
    case 'I':
        return flag::interrupt;
    case 'D':
        return flag::direction;
    case 'N':
        return flag::nested_task;
    case 'A':
        return flag::alignment_check;
    case '*':
        return flag::all & ~flag::arithmetic;
    default:
        flag_text_is_malformed();
        return 0;
    }
}

// "MMMMMB D0": the first six symbols are for O S Z A P C, then come pairs of a name (T I D N A for AC, '*' for all but
// the six) and a symbol. Empty: no effect.
constexpr FlagEffects parse_flag_effects(std::string_view text) {
    FlagEffects effects;
    if (text.empty()) return effects;
    constexpr u32 columns[] = {flag::overflow, flag::sign, flag::zero, flag::adjust, flag::parity, flag::carry};
    if (text.size() < 6 || (text.size() - 6) % 3 != 0) flag_text_is_malformed();
    for (unsigned column = 0; column < 6; ++column) add_flag_effect(effects, text[column], columns[column]);
    for (std::size_t at = 6; at < text.size(); at += 3)
        add_flag_effect(effects, text[at + 2], flag_named(text[at + 1]));
    return effects;
}

// What a condition (the low four bits of Jcc, SETcc, CMOVcc) tests: SDM 1, appendix B.
constexpr u32 flags_of_condition(unsigned condition) {
    constexpr u32 tested[] = {
        flag::overflow,
        flag::carry,
        flag::zero,
        flag::carry | flag::zero,
        flag::sign,
        flag::parity,
        flag::sign | flag::overflow,
        flag::sign | flag::overflow | flag::zero,
    };
    return tested[condition >> 1 & 7];
}

} // namespace orrery::x86
