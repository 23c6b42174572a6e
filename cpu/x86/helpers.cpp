#include "cpu/x86/helpers.hpp"

#include <array>
#include <bit>

#include "cpu/x86/flags_register.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/stack.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

constexpr auto table = [] {
    auto helpers = std::to_array<ir::HelperInfo>({
#define HELPER(name, writes_slots, may_leave, needs_count) {#name, helper::name, writes_slots, may_leave, needs_count},
#include "cpu/x86/helpers.def"
#undef HELPER
    });
    for (const HelperNumber number : {HelperNumber::packed, HelperNumber::packed_value, HelperNumber::floating})
        helpers[static_cast<std::size_t>(number)].host_vector = host_vector;
    return helpers;
}();

u64 low_byte(u64 packed) { return packed & 0xff; }

u64 mask_of(u64 size) { return size == 8 ? ~u64{0} : (u64{1} << 8 * size) - 1; }

u64 flags_of(const Core& core) { return arithmetic_flags(core.state().lazy); }

void put_flags(Core& core, u64 image) {
    core.state().lazy = {flag_kind(FlagOperation::image, 0), 0, image & flag::arithmetic};
}

u64 zero_sign_parity(u64 result, u64 size) {
    return arithmetic_flags({flag_kind(FlagOperation::logic, static_cast<u32>(std::countr_zero(size))), result, 0});
}

Size size_of(u64 bytes) { return static_cast<Size>(bytes); }

} // namespace

std::span<const ir::HelperInfo> helper_table() { return table; }

namespace helper {

u64 condition(void* self, u64 condition, u64, u64) {
    return condition_holds(core_of(self).state().lazy, static_cast<u32>(condition)) ? 1 : 0;
}

u64 flags(void* self, u64, u64, u64) { return flags_of(core_of(self)); }

u64 add_with_carry(void*, u64 a, u64 b, u64 packed) {
    const u64 size = low_byte(packed);
    const u64 carry = packed >> 8;
    const u128 sum = u128{a} + b + carry;
    const u64 result = static_cast<u64>(sum) & mask_of(size);
    const u64 top = u64{1} << (8 * size - 1);
    u64 image = zero_sign_parity(result, size);
    if ((sum >> (8 * size)) != 0) image |= flag::carry;
    if (((a ^ result) & (b ^ result) & top) != 0) image |= flag::overflow;
    if (((a ^ b ^ result) & 0x10) != 0) image |= flag::adjust;
    return image;
}

u64 subtract_with_borrow(void*, u64 a, u64 b, u64 packed) {
    const u64 size = low_byte(packed);
    const u64 borrow = packed >> 8;
    const u64 result = (a - b - borrow) & mask_of(size);
    const u64 top = u64{1} << (8 * size - 1);
    u64 image = zero_sign_parity(result, size);
    if (u128{a} < u128{b} + borrow) image |= flag::carry;
    if (((a ^ b) & (a ^ result) & top) != 0) image |= flag::overflow;
    if (((a ^ b ^ result) & 0x10) != 0) image |= flag::adjust;
    return image;
}

// SDM 2, RCL/RCR/ROL/ROR. OF is defined for a count of 1; the formula holds for the last of several single rotations.
u64 rotate(void* self, u64 value, u64 count, u64 packed) {
    Core& core = core_of(self);
    const auto op = static_cast<Op>(packed & 0xffff);
    const u64 size = packed >> 16;
    const u64 width = 8 * size;
    const bool through_carry = op == Op::rcl || op == Op::rcr;
    count &= size == 8 ? 63 : 31;
    if (count == 0) return value;
    u64 image = flags_of(core);
    bool carry = (image & flag::carry) != 0;
    const bool left = op == Op::rol || op == Op::rcl;
    const u64 turns = count % (through_carry ? width + 1 : width);
    if (through_carry) {
        for (u64 i = 0; i < turns; ++i) {
            const bool out = left ? (value >> (width - 1) & 1) != 0 : (value & 1) != 0;
            value = left ? (value << 1 | u64{carry}) & mask_of(size) : value >> 1 | u64{carry} << (width - 1);
            carry = out;
        }
    } else if (turns != 0) {
        const u64 to_left = left ? turns : width - turns;
        value = (value << to_left | value >> (width - to_left)) & mask_of(size);
    }
    const bool top = (value >> (width - 1) & 1) != 0;
    const bool below = (value >> (width - 2) & 1) != 0;
    if (!through_carry) carry = left ? (value & 1) != 0 : top;
    image &= ~u64{flag::carry | flag::overflow};
    if (carry) image |= flag::carry;
    if (left ? top != carry : top != below) image |= flag::overflow;
    put_flags(core, image);
    return value;
}

// SDM 2, SHLD and SHRD. Of 16 bits counts over 16, which the manual leaves open, go on with the second operand's bits
// and then the first's.
u64 double_shift(void* self, u64 to, u64 from, u64 packed) {
    Core& core = core_of(self);
    const u64 count = low_byte(packed);
    const u64 size = packed >> 8 & 0xff;
    const bool right = (packed >> 16 & 1) != 0;
    const u64 width = 8 * size;
    if (count == 0) return to;
    const auto bit_of = [&](u128 value, u64 number) { return (value >> number & 1) != 0; };
    u64 result = 0;
    bool carry = false;
    if (right) {
        u128 wide = u128{from} << width | to;
        if (size == 2) wide |= u128{to} << 32;
        carry = bit_of(wide, count - 1);
        result = static_cast<u64>(wide >> count) & mask_of(size);
    } else {
        u128 wide = u128{to} << width | from;
        if (size == 2) wide = u128{to} << 32 | u128{from} << 16 | to;
        const u64 total = size == 2 ? 48 : 2 * width;
        carry = bit_of(wide, total - count);
        result = static_cast<u64>(wide << count >> (total - width)) & mask_of(size);
    }
    u64 image = zero_sign_parity(result, size);
    if (carry) image |= flag::carry;
    if (((to ^ result) >> (width - 1) & 1) != 0) image |= flag::overflow;
    put_flags(core, image);
    return result;
}

namespace {

template <typename Wide> struct Quotient {
    Wide quotient;
    Wide remainder;
};

// Empty: divided by zero, or the quotient doesn't fit.
std::optional<Quotient<u128>> divide_unsigned(u128 dividend, u64 divisor, u64 size) {
    if (divisor == 0) return std::nullopt;
    const u128 quotient = dividend / divisor;
    if (quotient > mask_of(size)) return std::nullopt;
    return Quotient<u128>{quotient, dividend % divisor};
}

std::optional<Quotient<u128>> divide_signed(u128 dividend, u64 divisor, u64 size) {
    const u64 unused = 64 - 8 * size;
    const auto by = static_cast<i128>(static_cast<i64>(divisor << unused) >> unused);
    const u64 unused_wide = 128 - 16 * size;
    const i128 value = static_cast<i128>(dividend << unused_wide) >> unused_wide;
    if (by == 0) return std::nullopt;
    // The smallest number of 128 bits has no opposite.
    if (by == -1 && value == static_cast<i128>(u128{1} << 127)) return std::nullopt;
    const i128 quotient = value / by;
    const i128 largest = static_cast<i128>(mask_of(size) >> 1);
    if (quotient > largest || quotient < -largest - 1) return std::nullopt;
    return Quotient<u128>{static_cast<u128>(quotient), static_cast<u128>(value % by)};
}

} // namespace

u64 divide(void* self, u64 divisor, u64 packed, u64) {
    Core& core = core_of(self);
    auto& r = core.state().r;
    const u64 size = low_byte(packed);
    const bool is_signed = packed >> 8 != 0;
    const u128 dividend = size == 1 ? u128{r[gpr::rax] & 0xffff}
                                    : u128{r[gpr::rdx] & mask_of(size)} << (8 * size) | (r[gpr::rax] & mask_of(size));
    const auto result = is_signed ? divide_signed(dividend, divisor, size) : divide_unsigned(dividend, divisor, size);
    if (!result) return raise(core, exception(vector::de));
    const u64 quotient = static_cast<u64>(result->quotient) & mask_of(size);
    const u64 remainder = static_cast<u64>(result->remainder) & mask_of(size);
    const auto put = [&](u64& to, u64 value) { to = size >= 4 ? value : (to & ~mask_of(size)) | value; };
    if (size == 1) {
        r[gpr::rax] = (r[gpr::rax] & ~u64{0xffff}) | remainder << 8 | quotient;
    } else {
        put(r[gpr::rax], quotient);
        put(r[gpr::rdx], remainder);
    }
    return 0;
}

namespace {

struct Decimal {
    u8 al;
    u8 ah;
    bool carry;
    bool adjust;
};

// SDM 2, DAA and DAS
void adjust_packed(Decimal& d, bool subtract) {
    const u8 old = d.al;
    const bool old_carry = d.carry;
    const auto move = [&](u8 by) { d.al = static_cast<u8>(subtract ? d.al - by : d.al + by); };
    d.carry = false;
    d.adjust = (old & 0xf) > 9 || d.adjust;
    if (d.adjust) {
        d.carry = old_carry || (subtract ? old < 6 : old > 0xf9);
        move(6);
    }
    if (old > 0x99 || old_carry) {
        move(0x60);
        d.carry = true;
    }
}

// SDM 2, AAA and AAS
void adjust_unpacked(Decimal& d, bool subtract) {
    d.adjust = (d.al & 0xf) > 9 || d.adjust;
    d.carry = d.adjust;
    if (d.adjust) {
        const u16 ax = static_cast<u16>(d.ah << 8 | d.al);
        const u16 moved = static_cast<u16>(subtract ? ax - 0x106 : ax + 0x106);
        d.al = static_cast<u8>(moved);
        d.ah = static_cast<u8>(moved >> 8);
    }
    d.al &= 0xf;
}

} // namespace

u64 decimal(void* self, u64 operation, u64 immediate, u64) {
    Core& core = core_of(self);
    u64& rax = core.state().r[gpr::rax];
    const auto op = static_cast<Op>(operation);
    const auto base = static_cast<u8>(immediate);
    const u64 old_flags = flags_of(core);
    Decimal d{static_cast<u8>(rax), static_cast<u8>(rax >> 8), (old_flags & flag::carry) != 0,
              (old_flags & flag::adjust) != 0};
    const bool has_carry = op != Op::aam && op != Op::aad;
    if (op == Op::aam) {
        if (base == 0) return raise(core, exception(vector::de));
        d.ah = d.al / base;
        d.al = d.al % base;
    } else if (op == Op::aad) {
        d.al = static_cast<u8>(d.ah * base + d.al);
        d.ah = 0;
    } else if (op == Op::daa || op == Op::das) {
        adjust_packed(d, op == Op::das);
    } else {
        adjust_unpacked(d, op == Op::aas);
    }
    rax = (rax & ~u64{0xffff}) | u64{d.ah} << 8 | d.al;
    u64 image = zero_sign_parity(d.al, 1);
    if (has_carry && d.carry) image |= flag::carry;
    if (has_carry && d.adjust) image |= flag::adjust;
    put_flags(core, image);
    return 0;
}

u64 count_bits(void* self, u64 value, u64 operation, u64 size) {
    Core& core = core_of(self);
    const u64 width = 8 * size;
    u64 result = 0;
    u64 image = 0;
    switch (static_cast<Op>(operation)) {
    case Op::popcnt:
        result = static_cast<u64>(std::popcount(value));
        if (value == 0) image = flag::zero;
        break;
    case Op::tzcnt:
        result = value == 0 ? width : static_cast<u64>(std::countr_zero(value));
        image = (value == 0 ? flag::carry : 0) | (result == 0 ? flag::zero : 0);
        break;
    default: // lzcnt
        result = width - (64 - static_cast<u64>(std::countl_zero(value)));
        image = (value == 0 ? flag::carry : 0) | (result == 0 ? flag::zero : 0);
    }
    put_flags(core, image);
    return result;
}

// SDM 2, PEXT: the bits where the mask has some, one beside the other.
u64 gather_bits(void*, u64 value, u64 mask, u64) {
    u64 result = 0;
    for (u32 to = 0; mask != 0; mask &= mask - 1) result |= (value >> std::countr_zero(mask) & 1) << to++;
    return result;
}
// SDM 2, PDEP: the lowest bits to where the mask has some.
u64 scatter_bits(void*, u64 value, u64 mask, u64) {
    u64 result = 0;
    for (; mask != 0; mask &= mask - 1, value >>= 1)
        if ((value & 1) != 0) result |= mask & (~mask + 1);
    return result;
}

// ---- segments

u64 check_segment(void* self, u64 offset, u64 packed, u64) {
    Core& core = core_of(self);
    const auto name = static_cast<Segment>(packed & 7);
    const bool write = (packed & 8) != 0;
    return done(core, check_operand(core, name, offset, std::max<u64>(packed >> 8, 1), write));
}

u64 check_code(void* self, u64 last, u64, u64) {
    Core& core = core_of(self);
    return last <= core.state().segment(Segment::cs).limit ? 0 : raise(core, general_protection());
}

u64 check_alignment(void* self, u64 linear, u64 size, u64) {
    Core& core = core_of(self);
    return done(core, core.check_alignment(linear, static_cast<u32>(size)));
}

u64 selector(void* self, u64 segment, u64, u64) { return core_of(self).state().segments[segment].selector; }

u64 load_segment(void* self, u64 selector, u64 segment, u64) {
    Core& core = core_of(self);
    return done(core, x86::load_segment(core, static_cast<Segment>(segment), static_cast<u16>(selector)));
}

// ---- the stack

u64 push_all(void* self, u64 size, u64, u64) {
    Core& core = core_of(self);
    Stack stack(core);
    for (u32 i = 0; i < 8; ++i)
        if (const auto pushed = stack.push(core.state().r[i], size_of(size)); !pushed) return done(core, pushed);
    stack.commit();
    return 0;
}

u64 pop_all(void* self, u64 size, u64, u64) {
    Core& core = core_of(self);
    Stack stack(core);
    std::array<u64, 8> values{};
    for (u32 i = 8; i-- > 0;) {
        const auto value = stack.pop(size_of(size));
        if (!value) return raise(core, value.error());
        values[i] = *value;
    }
    for (u32 i = 0; i < 8; ++i) {
        if (i == gpr::rsp) continue;
        u64& to = core.state().r[i];
        to = size >= 4 ? values[i] : (to & ~mask_of(size)) | values[i];
    }
    stack.commit();
    return 0;
}

// SDM 2, ENTER
u64 enter(void* self, u64 reserve, u64 level, u64 packed_size) {
    Core& core = core_of(self);
    State& state = core.state();
    const Size size = size_of(packed_size);
    Stack stack(core);
    if (const auto pushed = stack.push(state.r[gpr::rbp], size); !pushed) return done(core, pushed);
    const u64 frame = stack.pointer();
    Stack display(core, state.segment(Segment::ss), state.r[gpr::rbp], core.stack_size());
    for (u64 i = 1; i < level; ++i) {
        const auto pointer = display.peek(~(i * bytes(size)) + 1, size);
        if (!pointer) return raise(core, pointer.error());
        if (const auto pushed = stack.push(*pointer, size); !pushed) return done(core, pushed);
    }
    if (level > 0)
        if (const auto pushed = stack.push(frame, size); !pushed) return done(core, pushed);
    stack.skip(~reserve + 1);
    // What will be on top must be writable (SDM 2, ENTER: exceptions).
    if (const auto reachable = stack.peek(0, size); !reachable) return raise(core, reachable.error());
    u64& rbp = state.r[gpr::rbp];
    rbp = size == Size::word ? (rbp & ~mask(size)) | (frame & mask(size)) : frame & mask(size);
    stack.commit();
    return 0;
}

u64 push_flags(void* self, u64 size, u64, u64) {
    Core& core = core_of(self);
    if (core.virtual_8086() && core.iopl() < 3) return raise(core, general_protection());
    const u64 value = current_flags(core.state()) & ~u64{flag::resume | flag::virtual_8086};
    Stack stack(core);
    if (const auto pushed = stack.push(value, size_of(size)); !pushed) return done(core, pushed);
    stack.commit();
    return 0;
}

u64 pop_flags(void* self, u64 size, u64, u64) {
    Core& core = core_of(self);
    if (core.virtual_8086() && core.iopl() < 3) return raise(core, general_protection());
    Stack stack(core);
    const auto value = stack.pop(size_of(size));
    if (!value) return raise(core, value.error());
    stack.commit();
    take_popped_flags(core, *value, size_of(size));
    return 0;
}

} // namespace helper
} // namespace orrery::x86
