// The arithmetic flags (SDM 1, 3.4.3.1), which are computed when someone asks: translated code leaves what the last
// instruction that set them has worked on, most of which no one ever looks at.
#pragma once

#include "cpu/x86/state.hpp"

namespace orrery::x86 {

// What LazyFlags::result and operand hold. Results are zero-extended from the operation's width.
enum class FlagOperation : u8 {
    image,            // operand: the flags themselves, at their places in RFLAGS
    logic,            // and, or, xor, test: CF and OF are 0
    add,              // operand: the second addend
    subtract,         // operand: what was subtracted; cmp, neg
    increment,        // operand: CF as it was
    decrement,        // operand: CF as it was
    shift_left,       // operand: CF. OF is that of a shift by one
    shift_right,      // operand: CF. OF is that of a shift by one: the second bit from the top of the result
    shift_arithmetic, // operand: CF
    multiply,         // operand: CF, and OF, is 1 or 0
};

// FlagOperation * 4 + log2 of the operand's size in bytes.
constexpr u64 flag_kind(FlagOperation operation, u32 size_log2) { return static_cast<u64>(operation) << 2 | size_log2; }

// All six, at their places in RFLAGS.
u64 arithmetic_flags(const LazyFlags& lazy);

// RFLAGS whole.
inline u64 current_flags(const State& state) {
    return (state.rflags & ~flag::arithmetic) | arithmetic_flags(state.lazy);
}
// Bits that don't exist are ignored.
inline void set_flags(State& state, u64 value) {
    state.rflags = (value & flag::all & ~flag::arithmetic) | rflags_fixed;
    state.lazy = {flag_kind(FlagOperation::image, 0), 0, value & flag::arithmetic};
}

// SDM 1, appendix B: the condition in the low four bits of jcc, setcc and cmovcc.
bool condition_holds(u64 flags, u32 condition);
bool condition_holds(const LazyFlags& lazy, u32 condition);

} // namespace orrery::x86
