#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {
namespace {

u64 bit_if(bool value, u64 bit) { return value ? bit : 0; }

// By a table of a nibble's parities: hosts without popcnt would call a function.
u64 parity(u64 result) {
    constexpr u32 odd_nibbles = 0x6996;
    return bit_if((odd_nibbles >> ((result ^ result >> 4) & 0xf) & 1) == 0, flag::parity);
}

struct Operands {
    u64 result;
    u64 operand;
    u32 width;

    [[nodiscard]] u64 top() const { return u64{1} << (width - 1); }
    [[nodiscard]] u64 mask() const { return top() | (top() - 1); }
};

u64 sign_zero_parity(const Operands& o) {
    return bit_if((o.result & o.top()) != 0, flag::sign) | bit_if(o.result == 0, flag::zero) | parity(o.result);
}

u64 carry_overflow_add(const Operands& o) {
    const u64 first = (o.result - o.operand) & o.mask();
    const u64 overflow = (first ^ o.result) & (o.operand ^ o.result) & o.top();
    return bit_if(o.result < o.operand, flag::carry) | bit_if(overflow != 0, flag::overflow) |
           bit_if(((first ^ o.operand ^ o.result) & 0x10) != 0, flag::adjust);
}

u64 carry_overflow_subtract(const Operands& o) {
    const u64 first = (o.result + o.operand) & o.mask();
    const u64 overflow = (first ^ o.operand) & (first ^ o.result) & o.top();
    return bit_if(first < o.operand, flag::carry) | bit_if(overflow != 0, flag::overflow) |
           bit_if(((first ^ o.operand ^ o.result) & 0x10) != 0, flag::adjust);
}

u64 carry_overflow(FlagOperation operation, const Operands& o) {
    const u64 carry = bit_if(o.operand != 0, flag::carry);
    const bool top = (o.result & o.top()) != 0;
    switch (operation) {
    case FlagOperation::add:
        return carry_overflow_add(o);
    case FlagOperation::subtract:
        return carry_overflow_subtract(o);
    case FlagOperation::increment:
        return carry | bit_if(o.result == o.top(), flag::overflow) | bit_if((o.result & 0xf) == 0, flag::adjust);
    case FlagOperation::decrement:
        return carry | bit_if(o.result == o.top() - 1, flag::overflow) | bit_if((o.result & 0xf) == 0xf, flag::adjust);
    case FlagOperation::shift_left:
        return carry | bit_if(top != (o.operand != 0), flag::overflow);
    case FlagOperation::shift_right:
        return carry | bit_if((o.result & o.top() >> 1) != 0, flag::overflow);
    case FlagOperation::shift_arithmetic:
        return carry;
    case FlagOperation::multiply:
        return carry | bit_if(o.operand != 0, flag::overflow);
    case FlagOperation::image:
    case FlagOperation::logic:
        return 0;
    }
    return 0;
}

} // namespace

u64 arithmetic_flags(const LazyFlags& lazy) {
    const auto operation = static_cast<FlagOperation>(lazy.kind >> 2);
    if (operation == FlagOperation::image) return lazy.operand & flag::arithmetic;
    const Operands operands{lazy.result, lazy.operand, u32{8} << (lazy.kind & 3)};
    return sign_zero_parity(operands) | carry_overflow(operation, operands);
}

bool condition_holds(const LazyFlags& lazy, u32 condition) {
    const u32 pair = condition >> 1;
    const bool compares = pair == 1 || pair == 2 || pair == 3 || pair == 6 || pair == 7;
    if (static_cast<FlagOperation>(lazy.kind >> 2) != FlagOperation::subtract || !compares)
        return condition_holds(arithmetic_flags(lazy), condition);
    // Behind a comparison they say how the operands were, moved up so that their signs are the host's.
    const u32 unused = 64 - (8u << (lazy.kind & 3));
    const u64 first = (lazy.result + lazy.operand) << unused;
    const u64 second = lazy.operand << unused;
    const bool is_signed = pair >= 6;
    const bool less = is_signed ? static_cast<i64>(first) < static_cast<i64>(second) : first < second;
    const bool equal = first == second;
    const bool holds = pair == 2 ? equal : less || ((pair == 3 || pair == 7) && equal);
    return holds != ((condition & 1) != 0);
}

bool condition_holds(u64 flags, u32 condition) {
    const auto set = [&](u64 bit) { return (flags & bit) != 0; };
    const bool less = set(flag::sign) != set(flag::overflow);
    const bool holds = [&] {
        switch (condition >> 1) {
        case 0:
            return set(flag::overflow);
        case 1:
            return set(flag::carry);
        case 2:
            return set(flag::zero);
        case 3:
            return set(flag::carry) || set(flag::zero);
        case 4:
            return set(flag::sign);
        case 5:
            return set(flag::parity);
        case 6:
            return less;
        default:
            return less || set(flag::zero);
        }
    }();
    return holds != ((condition & 1) != 0);
}

} // namespace orrery::x86
