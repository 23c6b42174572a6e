// Integer arithmetic and logic (SDM 1, 5.1.2–5.1.4).
#include "cpu/x86/translate.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Type;
using ir::Value;
using IrOp = ir::Op;

Type type_of(u32 size) { return size == 4 ? Type::i32 : Type::i64; }

// Cut to the operand's size; operations of 32 and 64 bits are so already.
Value cut(BlockTranslation& t, Value value, u32 size) { return size < 4 ? t.zero_extend(value, size) : value; }

Value compute(BlockTranslation& t, IrOp op, Value a, Value b, u32 size) {
    return cut(t, t.binary(op, a, b, type_of(size)), size);
}

bool is_locked(const BlockTranslation& t, const Location& place) { return t.instruction().lock && place.is_memory(); }

Value locked_update(BlockTranslation& t, const Location& place, UpdateOperation operation, Value operand) {
    return t.call(HelperNumber::update, place.value, operand,
                  t.constant(static_cast<u64>(operation) | u64{place.size} << 8));
}

struct Arithmetic {
    IrOp op;
    FlagOperation flags;
    UpdateOperation update;
    bool writes = true;
};

void arithmetic(BlockTranslation& t, const Arithmetic& how) {
    const Location to = t.place(0);
    const Value b = t.read(1);
    const Value a = is_locked(t, to) ? locked_update(t, to, how.update, b) : t.read(to);
    const Value result = compute(t, how.op, a, b, to.size);
    if (how.writes && !is_locked(t, to)) t.write(to, result);
    const bool logic = how.flags == FlagOperation::logic;
    t.set_flags(how.flags, to.size, result, logic ? t.constant(0) : b, logic ? ir::no_value : a);
}

// adc and sbb: the carry that comes in makes the flags a matter of all three operands.
void with_carry(BlockTranslation& t, bool subtract) {
    const Location to = t.place(0);
    const Value b = t.read(1);
    const Value carry = t.carry();
    const auto update = subtract ? UpdateOperation::subtract_with_borrow : UpdateOperation::add_with_carry;
    const Value packed = t.binary(IrOp::or_, t.binary(IrOp::shl, carry, u64{8}), u64{to.size});
    const Value operand = is_locked(t, to) ? compute(t, IrOp::add, b, carry, to.size) : b;
    // A locked one adds or takes the sum of both at once; the flags know them apart.
    const Value a = is_locked(t, to) ? locked_update(t, to, update, operand) : t.read(to);
    const IrOp op = subtract ? IrOp::sub : IrOp::add;
    const Value result = compute(t, op, compute(t, op, a, b, to.size), carry, to.size);
    if (!is_locked(t, to)) t.write(to, result);
    t.set_flag_image(
        t.call(subtract ? HelperNumber::subtract_with_borrow : HelperNumber::add_with_carry, a, b, packed));
}

void count(BlockTranslation& t, bool down) {
    const Location to = t.place(0);
    const Value carry = t.carry();
    const auto update = down ? UpdateOperation::subtract : UpdateOperation::add;
    const Value one = t.constant(1);
    const Value a = is_locked(t, to) ? locked_update(t, to, update, one) : t.read(to);
    const Value result = compute(t, down ? IrOp::sub : IrOp::add, a, one, to.size);
    if (!is_locked(t, to)) t.write(to, result);
    t.set_flags(down ? FlagOperation::decrement : FlagOperation::increment, to.size, result, carry);
}

// The low half of a product, and whether the high half holds anything.
struct Product {
    Value low;
    Value high;
    Value overflow;
};

Product multiply(BlockTranslation& t, Value a, Value b, u32 size, bool is_signed) {
    Product product{};
    if (size == 8) {
        product.low = t.binary(IrOp::mul, a, b);
        product.high = t.binary(is_signed ? IrOp::mulhs : IrOp::mulhu, a, b);
        const Value expected = is_signed ? t.binary(IrOp::sar, product.low, u64{63}) : t.constant(0);
        product.overflow = t.ir().compare(ir::Condition::ne, product.high, expected);
        return product;
    }
    const Value whole =
        is_signed ? t.binary(IrOp::mul, t.sign_extend(a, size), t.sign_extend(b, size)) : t.binary(IrOp::mul, a, b);
    product.low = t.zero_extend(whole, size);
    product.high = t.zero_extend(t.binary(IrOp::shr, whole, u64{8 * size}), size);
    const Value expected = is_signed ? t.sign_extend(whole, size) : product.low;
    product.overflow = t.ir().compare(ir::Condition::ne, whole, expected);
    return product;
}

// rDX:rAX, or AX.
void multiply_wide(BlockTranslation& t, bool is_signed) {
    const Location factor = t.place(0);
    const u32 size = factor.size;
    const Product product = multiply(t, t.gpr(gpr::rax, size), t.read(factor), size, is_signed);
    if (size == 1) {
        t.put_gpr(gpr::rax, 2, t.binary(IrOp::or_, t.binary(IrOp::shl, product.high, u64{8}), product.low));
    } else {
        t.put_gpr(gpr::rax, size, product.low);
        t.put_gpr(gpr::rdx, size, product.high);
    }
    t.set_flags(FlagOperation::multiply, size, product.low, product.overflow);
}

void divide(BlockTranslation& t, bool is_signed) {
    const Location divisor = t.place(0);
    t.call(HelperNumber::divide, t.read(divisor), t.constant(divisor.size | (is_signed ? 1u << 8 : 0)));
}

void decimal(BlockTranslation& t) {
    const Instruction& i = t.instruction();
    t.call(HelperNumber::decimal, t.constant(static_cast<u64>(i.row->op)), t.constant(static_cast<u64>(i.immediate)));
    t.forget_flags();
}

} // namespace

void add(BlockTranslation& t) { arithmetic(t, {IrOp::add, FlagOperation::add, UpdateOperation::add}); }
void sub(BlockTranslation& t) { arithmetic(t, {IrOp::sub, FlagOperation::subtract, UpdateOperation::subtract}); }
void and_(BlockTranslation& t) { arithmetic(t, {IrOp::and_, FlagOperation::logic, UpdateOperation::and_}); }
void or_(BlockTranslation& t) { arithmetic(t, {IrOp::or_, FlagOperation::logic, UpdateOperation::or_}); }
void xor_(BlockTranslation& t) { arithmetic(t, {IrOp::xor_, FlagOperation::logic, UpdateOperation::xor_}); }
void cmp(BlockTranslation& t) { arithmetic(t, {IrOp::sub, FlagOperation::subtract, UpdateOperation::subtract, false}); }
void test(BlockTranslation& t) { arithmetic(t, {IrOp::and_, FlagOperation::logic, UpdateOperation::and_, false}); }
void adc(BlockTranslation& t) { with_carry(t, false); }
void sbb(BlockTranslation& t) { with_carry(t, true); }
void inc(BlockTranslation& t) { count(t, false); }
void dec(BlockTranslation& t) { count(t, true); }

void not_(BlockTranslation& t) {
    const Location to = t.place(0);
    if (is_locked(t, to)) {
        locked_update(t, to, UpdateOperation::not_, t.constant(0));
        return;
    }
    t.write(to, compute(t, IrOp::xor_, t.read(to), t.constant(~u64{0}), to.size));
}

void neg(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value zero = t.constant(0);
    const Value a = is_locked(t, to) ? locked_update(t, to, UpdateOperation::negate, zero) : t.read(to);
    const Value result = compute(t, IrOp::sub, zero, a, to.size);
    if (!is_locked(t, to)) t.write(to, result);
    t.set_flags(FlagOperation::subtract, to.size, result, a, zero);
}

void mul(BlockTranslation& t) { multiply_wide(t, false); }
void imul_wide(BlockTranslation& t) { multiply_wide(t, true); }

// Two operands or three.
void imul(BlockTranslation& t) {
    const bool three = static_cast<bool>(t.instruction().row->operands[2]);
    const Location to = t.place(0);
    const Value a = three ? t.read(1) : t.read(to);
    const Product product = multiply(t, a, t.read(three ? 2 : 1), to.size, true);
    t.write(to, product.low);
    t.set_flags(FlagOperation::multiply, to.size, product.low, product.overflow);
}

void div(BlockTranslation& t) { divide(t, false); }
void idiv(BlockTranslation& t) { divide(t, true); }

// The register gets what was there, the first operand the sum.
void xadd(BlockTranslation& t) {
    const Location to = t.place(0);
    const Location other = t.place(1);
    const Value b = t.read(other);
    const Value a = is_locked(t, to) ? locked_update(t, to, UpdateOperation::add, b) : t.read(to);
    const Value result = compute(t, IrOp::add, a, b, to.size);
    if (is_locked(t, to)) {
        t.write(other, a);
    } else if (to.is_memory()) {
        t.write(to, result);
        t.write(other, a);
    } else { // of one register twice the sum stays
        t.write(other, a);
        t.write(to, result);
    }
    t.set_flags(FlagOperation::add, to.size, result, b, a);
}

// Memory is written in any case, with what it held before if the comparison fails; rAX is written only then.
void cmpxchg(BlockTranslation& t) {
    const Location to = t.place(0);
    const u32 size = to.size;
    const Value wanted = t.gpr(gpr::rax, size);
    const Value replacement = t.read(1);
    Value old = ir::no_value;
    if (is_locked(t, to)) {
        old = t.call(HelperNumber::compare_and_swap, to.value, replacement, t.constant(size));
    } else {
        old = t.read(to);
        const Value equal = t.ir().compare(ir::Condition::eq, old, wanted, type_of(size));
        t.write(to, t.ir().select(equal, replacement, old));
    }
    const Value equal = t.ir().compare(ir::Condition::eq, old, wanted, type_of(size));
    // Where they are equal rAX keeps its upper half, too.
    const Value whole = t.ir().get(slot::r(gpr::rax));
    if (size == 4)
        t.ir().put(slot::r(gpr::rax), t.ir().select(equal, whole, old));
    else
        t.put_gpr(gpr::rax, size, t.ir().select(equal, t.gpr(gpr::rax, size), old));
    t.set_flags(FlagOperation::subtract, size, compute(t, IrOp::sub, wanted, old, size), old, wanted);
}

namespace {

void compare_pair(BlockTranslation& t, u32 size) {
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), size, true);
    t.call(HelperNumber::compare_and_swap_pair, address, t.constant(size));
    t.forget_flags();
}

} // namespace

void cmpxchg8b(BlockTranslation& t) { compare_pair(t, 8); }
void cmpxchg16b(BlockTranslation& t) { compare_pair(t, 16); }

void daa(BlockTranslation& t) { decimal(t); }
void das(BlockTranslation& t) { decimal(t); }
void aaa(BlockTranslation& t) { decimal(t); }
void aas(BlockTranslation& t) { decimal(t); }
void aam(BlockTranslation& t) { decimal(t); }
void aad(BlockTranslation& t) { decimal(t); }

void salc(BlockTranslation& t) { t.put_gpr(gpr::rax, 1, t.binary(IrOp::sub, t.constant(0), t.carry())); }

} // namespace orrery::x86::translators
