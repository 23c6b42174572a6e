// BMI1, BMI2 and ADX (SDM 1, 5.1.17 and 5.1.18): bits and fields of general registers, products and sums with chosen
// flags.
#include "cpu/x86/translate.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Condition;
using ir::Value;
using IrOp = ir::Op;

ir::Type type_of(u32 size) { return size == 8 ? ir::Type::i64 : ir::Type::i32; }

// OF clear, CF as given, and SF and ZF of the result: what a shift to the right with sign leaves.
void set_flags(BlockTranslation& t, u32 size, Value result, Value carry) {
    t.set_flags(FlagOperation::shift_arithmetic, size, result, carry);
}

// The lowest bit that is set, by what the number and the number less one have in common.
void lowest_bit(BlockTranslation& t, IrOp op, Condition carry_of_zero) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    const Value less_one = t.binary(IrOp::sub, value, u64{1}, type_of(to.size));
    const Value result = t.binary(op, value, less_one, type_of(to.size));
    t.write(to, result);
    set_flags(t, to.size, result, t.ir().compare(carry_of_zero, value, t.constant(0)));
}

// The lowest `count` bits of a value; all of them from 64 on.
Value low_bits(BlockTranslation& t, Value value, Value count) {
    const Value mask = t.binary(IrOp::sub, t.binary(IrOp::shl, t.constant(1), count), u64{1});
    const Value some = t.ir().compare(Condition::ltu, count, t.constant(64));
    return t.ir().select(some, t.binary(IrOp::and_, value, mask), value);
}

void shift(BlockTranslation& t, IrOp op) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    t.write(to, t.binary(op, value, t.read(2), type_of(to.size)));
}

void call_with_mask(BlockTranslation& t, HelperNumber helper) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    t.write(to, t.call(helper, value, t.read(2)));
}

// `flag` comes in and goes out as the carry; all other flags stay.
void add_with(BlockTranslation& t, u32 condition, u64 flag) {
    const Location to = t.place(0);
    const Value b = t.read(1), a = t.read(to);
    const Value carry = t.condition(condition);
    const Value others = t.binary(IrOp::and_, t.flag_image(), ~flag);
    const ir::Type type = type_of(to.size);
    const Value sum = t.binary(IrOp::add, a, b, type);
    const Value result = t.binary(IrOp::add, sum, carry, type);
    const Value out =
        t.binary(IrOp::or_, t.ir().compare(Condition::ltu, sum, a), t.ir().compare(Condition::ltu, result, sum));
    t.write(to, result);
    t.set_flag_image(t.binary(IrOp::or_, others, t.binary(IrOp::mul, out, flag)));
}

} // namespace

void andn(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value inverted = t.read(1);
    const Value result = t.binary(IrOp::andn, t.read(2), inverted);
    t.write(to, result);
    t.set_flags(FlagOperation::logic, to.size, result, t.constant(0));
}
void blsr(BlockTranslation& t) { lowest_bit(t, IrOp::and_, Condition::eq); }
void blsmsk(BlockTranslation& t) { lowest_bit(t, IrOp::xor_, Condition::eq); }
void blsi(BlockTranslation& t) { lowest_bit(t, IrOp::andn, Condition::ne); }

void bextr(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    const Value control = t.read(2);
    const Value start = t.zero_extend(control, 1);
    const Value within = t.ir().compare(Condition::ltu, start, t.constant(64));
    const Value from = t.ir().select(within, t.binary(IrOp::shr, value, start), t.constant(0));
    const Value result = low_bits(t, from, t.zero_extend(t.binary(IrOp::shr, control, u64{8}), 1));
    t.write(to, result);
    t.set_flags(FlagOperation::logic, to.size, result, t.constant(0));
}
void bzhi(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    const Value count = t.zero_extend(t.read(2), 1);
    const Value result = low_bits(t, value, count);
    t.write(to, result);
    set_flags(t, to.size, result, t.ir().compare(Condition::geu, count, t.constant(8 * to.size)));
}

void pext(BlockTranslation& t) { call_with_mask(t, HelperNumber::gather_bits); }
void pdep(BlockTranslation& t) { call_with_mask(t, HelperNumber::scatter_bits); }

void shlx(BlockTranslation& t) { shift(t, IrOp::shl); }
void shrx(BlockTranslation& t) { shift(t, IrOp::shr); }
void sarx(BlockTranslation& t) { shift(t, IrOp::sar); }
void rorx(BlockTranslation& t) { shift(t, IrOp::rotr); }

// Where both halves go to one register it holds the upper one.
void mulx(BlockTranslation& t) {
    const Location high = t.place(0), low = t.place(1);
    const Value a = t.gpr(gpr::rdx, high.size), b = t.read(2);
    const Value product = t.binary(IrOp::mul, a, b);
    const Value upper = high.size == 8 ? t.binary(IrOp::mulhu, a, b) : t.binary(IrOp::shr, product, u64{32});
    t.write(low, product);
    t.write(high, upper);
}

void adcx(BlockTranslation& t) { add_with(t, 2, flag::carry); }
void adox(BlockTranslation& t) { add_with(t, 0, flag::overflow); }

} // namespace orrery::x86::translators
