// Shifts, rotates, bits and bytes (SDM 1, 5.1.5 and 5.1.6).
#include "cpu/x86/translate.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

// The bits of a count that matter (SDM 2, SAL/SAR/SHL/SHR).
u64 count_mask(u32 size) { return size == 8 ? 63 : 31; }

enum class Shift : u8 { left, right, arithmetic };

struct Shifted {
    Value result;
    Value carry; // the last bit that went out; means nothing for a count of 0
};

// `count` is masked. Values of up to 32 bits are shifted in 64, so that the last bit out is still there.
Shifted shift(BlockTranslation& t, Shift kind, Value value, Value count, u32 size) {
    const Value before_last = t.binary(IrOp::sub, count, u64{1});
    const auto bit = [&](Value of, Value number) {
        return t.binary(IrOp::and_, t.binary(IrOp::shr, of, number), u64{1});
    };
    if (kind == Shift::left) {
        const Value wide = t.binary(IrOp::shl, value, count);
        const Value carry =
            size == 8 ? bit(value, t.binary(IrOp::sub, t.constant(64), count)) : bit(wide, t.constant(8 * size));
        return {t.zero_extend(wide, size), carry};
    }
    const bool with_sign = kind == Shift::arithmetic;
    const Value wide = with_sign ? t.sign_extend(value, size) : value;
    const IrOp op = with_sign ? IrOp::sar : IrOp::shr;
    return {t.zero_extend(t.binary(op, wide, count), size),
            t.binary(IrOp::and_, t.binary(op, wide, before_last), u64{1})};
}

FlagOperation flags_of(Shift kind) {
    switch (kind) {
    case Shift::left:
        return FlagOperation::shift_left;
    case Shift::right:
        return FlagOperation::shift_right;
    case Shift::arithmetic:
        return FlagOperation::shift_arithmetic;
    }
    return FlagOperation::shift_left;
}

void shift(BlockTranslation& t, Shift kind) {
    const Location to = t.place(0);
    const Value count = t.binary(IrOp::and_, t.read(1), count_mask(to.size));
    const Value value = t.read(to);
    const auto known = t.ir().constant_of(count);
    if (known == 0) return t.write(to, value);
    const Shifted shifted = shift(t, kind, value, count, to.size);
    if (known) {
        t.write(to, shifted.result);
        return t.set_flags(flags_of(kind), to.size, shifted.result, shifted.carry);
    }
    t.write(to, shifted.result);
    // A count of 0 leaves the flags as they were.
    const auto unless_zero = [&](u16 slot, Value value_if_shifted) {
        t.ir().put(slot, t.ir().select(count, value_if_shifted, t.ir().get(slot)));
    };
    unless_zero(slot::flag_kind, t.constant(flag_kind(flags_of(kind), log2_of(to.size))));
    unless_zero(slot::flag_result, shifted.result);
    unless_zero(slot::flag_operand, shifted.carry);
    t.forget_flags();
}

void rotate(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value count = t.read(1);
    const Value value = t.read(to);
    const auto op = static_cast<u64>(t.instruction().row->op);
    // The helper changes the flags, so a store that may fault comes before it: the bytes that are there, once more.
    if (to.is_memory()) t.write(to, value);
    const Value result = t.call(HelperNumber::rotate, value, count, t.constant(op | u64{to.size} << 16));
    t.write(to, result);
    t.forget_flags();
}

void double_shift(BlockTranslation& t, bool right) {
    const Location to = t.place(0);
    const Value from = t.read(1);
    const Value count = t.binary(IrOp::and_, t.read(2), count_mask(to.size));
    const Value value = t.read(to);
    if (to.is_memory()) t.write(to, value);
    const Value packed = t.binary(IrOp::or_, count, u64{to.size} << 8 | (right ? 1u << 16 : 0));
    t.write(to, t.call(HelperNumber::double_shift, value, from, packed));
    t.forget_flags();
}

enum class BitChange : u8 { none, set, clear, flip };

// SDM 2, BT: a register's bit number reaches beyond the operand in memory, and is signed.
Location bit_place(BlockTranslation& t, Value number, u32 size) {
    const bool memory = t.instruction().has_memory;
    const bool immediate = operand_of(t.instruction(), 1).kind == OperandKind::immediate;
    if (!memory || immediate) return t.place(0);
    const Value words = t.binary(IrOp::sar, t.sign_extend(number, size), u64{log2_of(size) + 3});
    const Value offset = t.binary(IrOp::shl, words, u64{log2_of(size)});
    const Value address =
        t.zero_extend(t.binary(IrOp::add, t.effective_address(), offset), t.instruction().address_size);
    const bool write = t.instruction().row->op != Op::bt;
    return {.kind = OperandKind::memory,
            .size = size,
            .value = t.linear(t.instruction().memory.segment, address, size, write)};
}

UpdateOperation update_of(BitChange change) {
    return change == BitChange::set     ? UpdateOperation::set_bit
           : change == BitChange::clear ? UpdateOperation::clear_bit
                                        : UpdateOperation::flip_bit;
}

void test_bit(BlockTranslation& t, BitChange change) {
    const u32 size = t.operand_size();
    const Value number = t.read(1);
    const Location to = bit_place(t, number, size);
    const Value within = t.binary(IrOp::and_, number, u64{8 * size - 1});
    // ZF stays as it is, and what is undefined does too.
    const Value others = t.binary(IrOp::and_, t.flag_image(), u64{flag::arithmetic & ~flag::carry});
    const bool locked = t.instruction().lock && to.is_memory();
    const Value value = locked ? t.call(HelperNumber::update, to.value, within,
                                        t.constant(static_cast<u64>(update_of(change)) | u64{size} << 8))
                               : t.read(to);
    const Value bit = t.binary(IrOp::and_, t.binary(IrOp::shr, value, within), u64{1});
    if (change != BitChange::none && !locked) {
        const Value mask = t.binary(IrOp::shl, t.constant(1), within);
        const IrOp op = change == BitChange::set ? IrOp::or_ : change == BitChange::clear ? IrOp::andn : IrOp::xor_;
        t.write(to, t.binary(op, value, mask));
    }
    t.set_flag_image(t.binary(IrOp::or_, others, bit));
}

// bsf and bsr: of 0 the destination stays as it is, which the manual leaves open and guests rely on.
void scan(BlockTranslation& t, bool reverse) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    const Value zeros = t.unary(reverse ? IrOp::clz : IrOp::ctz, value);
    const Value found = reverse ? t.binary(IrOp::sub, t.constant(63), zeros) : zeros;
    const Value old = t.ir().get(slot::r(to.number));
    if (to.size == 2)
        t.write(to, t.ir().select(value, found, old));
    else
        t.ir().put(slot::r(to.number), t.ir().select(value, found, old));
    t.set_flags(FlagOperation::logic, to.size, value, t.constant(0));
}

void count_bits(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    const auto op = static_cast<u64>(t.instruction().row->op);
    t.write(to, t.call(HelperNumber::count_bits, value, t.constant(op), t.constant(to.size)));
    t.forget_flags();
}

} // namespace

void shl(BlockTranslation& t) { shift(t, Shift::left); }
void shr(BlockTranslation& t) { shift(t, Shift::right); }
void sar(BlockTranslation& t) { shift(t, Shift::arithmetic); }
void rol(BlockTranslation& t) { rotate(t); }
void ror(BlockTranslation& t) { rotate(t); }
void rcl(BlockTranslation& t) { rotate(t); }
void rcr(BlockTranslation& t) { rotate(t); }
void shld(BlockTranslation& t) { double_shift(t, false); }
void shrd(BlockTranslation& t) { double_shift(t, true); }
void bt(BlockTranslation& t) { test_bit(t, BitChange::none); }
void bts(BlockTranslation& t) { test_bit(t, BitChange::set); }
void btr(BlockTranslation& t) { test_bit(t, BitChange::clear); }
void btc(BlockTranslation& t) { test_bit(t, BitChange::flip); }
void bsf(BlockTranslation& t) { scan(t, false); }
void bsr(BlockTranslation& t) { scan(t, true); }
void tzcnt(BlockTranslation& t) { count_bits(t); }
void lzcnt(BlockTranslation& t) { count_bits(t); }
void popcnt(BlockTranslation& t) { count_bits(t); }

// Of 16 bits the manual leaves the result open; processors give 0.
void bswap(BlockTranslation& t) {
    const Location to = t.place(0);
    if (to.size == 2) return t.write(to, t.constant(0));
    t.write(to, t.unary(IrOp::bswap, t.read(to), to.size == 4 ? ir::Type::i32 : ir::Type::i64));
}

} // namespace orrery::x86::translators
