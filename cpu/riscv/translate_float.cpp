// "F", "D" and Zfhmin (I 11, 12). Loads, stores, moves and sign injection are IR, all that computes is a helper.
// Whether the instruction is legal at all was decided before.
#include "cpu/riscv/translate.hpp"

#include <utility>

namespace orrery::riscv::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

constexpr u64 half_box = ~u64{0xffff};
constexpr u64 single_box = ~u64{0xffff'ffff};
constexpr u64 canonical_nan_s = single_box | 0x7fc0'0000;
constexpr u64 sign_s = u64{1} << 31;
constexpr u64 sign_d = u64{1} << 63;
constexpr u32 dynamic_rounding = 7;

void load(BlockTranslation& t, const Instruction& i, u8 size_log2, u64 box) {
    const Value value = t.ir().load({.size_log2 = size_log2}, t.x(i.rs1), i.imm);
    t.put_f(i.rd, t.binary(IrOp::or_, value, box));
}
void store(BlockTranslation& t, const Instruction& i, u8 size_log2) {
    t.ir().store({.size_log2 = size_log2}, t.x(i.rs1), i.imm, t.f(i.rs2));
}

Value rounding(BlockTranslation& t, const Instruction& i) {
    return i.rm == dynamic_rounding ? t.ir().get(slot::frm) : t.constant(i.rm);
}

// `round_to_nearest` is the first of the six helpers of an operation.
void fused(BlockTranslation& t, const Instruction& i, HelperNumber round_to_nearest) {
    const u32 mode = i.rm == dynamic_rounding ? 5u : i.rm;
    const auto helper = static_cast<HelperNumber>(std::to_underlying(round_to_nearest) + mode);
    t.put_f(i.rd, t.call(helper, t.f(i.rs1), t.f(i.rs2), t.f(i.rs3)));
}
void to_integer_register(BlockTranslation& t, const Instruction& i, Value result) {
    t.mark_float_state_dirty();
    t.put_x(i.rd, result);
}

// I 12.2: a single-precision operand that isn't NaN-boxed is the canonical NaN.
Value unboxed(BlockTranslation& t, Value value) {
    const Value upper = t.binary(IrOp::shr, value, u64{32});
    const Value boxed = t.ir().compare(ir::Condition::eq, upper, t.constant(0xffff'ffff));
    return t.ir().select(boxed, value, t.constant(canonical_nan_s));
}
struct Operands {
    Value magnitude;
    Value sign; // the sign bit alone
};
Operands single_operands(BlockTranslation& t, const Instruction& i) {
    const Value a = unboxed(t, t.f(i.rs1));
    const Value b = i.rs1 == i.rs2 ? a : unboxed(t, t.f(i.rs2));
    return {a, t.binary(IrOp::and_, b, sign_s)};
}
Operands double_operands(BlockTranslation& t, const Instruction& i) {
    return {t.f(i.rs1), t.binary(IrOp::and_, t.f(i.rs2), sign_d)};
}
void inject(BlockTranslation& t, const Instruction& i, Operands operands, u64 sign_bit) {
    t.put_f(i.rd, t.binary(IrOp::or_, t.binary(IrOp::and_, operands.magnitude, ~sign_bit), operands.sign));
}
void inject_negated(BlockTranslation& t, const Instruction& i, Operands operands, u64 sign_bit) {
    inject(t, i, {operands.magnitude, t.binary(IrOp::xor_, operands.sign, sign_bit)}, sign_bit);
}
void inject_xor(BlockTranslation& t, const Instruction& i, Operands operands) {
    t.put_f(i.rd, t.binary(IrOp::xor_, operands.magnitude, operands.sign));
}

} // namespace

void flh(BlockTranslation& t, const Instruction& i) { load(t, i, 1, half_box); }
void flw(BlockTranslation& t, const Instruction& i) { load(t, i, 2, single_box); }
void fld(BlockTranslation& t, const Instruction& i) { load(t, i, 3, 0); }
void fsh(BlockTranslation& t, const Instruction& i) { store(t, i, 1); }
void fsw(BlockTranslation& t, const Instruction& i) { store(t, i, 2); }
void fsd(BlockTranslation& t, const Instruction& i) { store(t, i, 3); }

void fmv_x_h(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.unary(IrOp::sext16, t.f(i.rs1))); }
void fmv_x_w(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.sext32(t.f(i.rs1))); }
void fmv_x_d(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.f(i.rs1)); }
void fmv_h_x(BlockTranslation& t, const Instruction& i) { t.put_f(i.rd, t.binary(IrOp::or_, t.x(i.rs1), half_box)); }
void fmv_w_x(BlockTranslation& t, const Instruction& i) { t.put_f(i.rd, t.binary(IrOp::or_, t.x(i.rs1), single_box)); }
void fmv_d_x(BlockTranslation& t, const Instruction& i) { t.put_f(i.rd, t.x(i.rs1)); }

// The forms with one operand twice are the moves, negations and absolute values of compiled code.
void fsgnj_s(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, unboxed(t, t.f(i.rs1)));
    else
        inject(t, i, single_operands(t, i), sign_s);
}
void fsgnjn_s(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, t.binary(IrOp::xor_, unboxed(t, t.f(i.rs1)), sign_s));
    else
        inject_negated(t, i, single_operands(t, i), sign_s);
}
void fsgnjx_s(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, t.binary(IrOp::and_, unboxed(t, t.f(i.rs1)), ~sign_s));
    else
        inject_xor(t, i, single_operands(t, i));
}
void fsgnj_d(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, t.f(i.rs1));
    else
        inject(t, i, double_operands(t, i), sign_d);
}
void fsgnjn_d(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, t.binary(IrOp::xor_, t.f(i.rs1), sign_d));
    else
        inject_negated(t, i, double_operands(t, i), sign_d);
}
void fsgnjx_d(BlockTranslation& t, const Instruction& i) {
    if (i.rs1 == i.rs2)
        t.put_f(i.rd, t.binary(IrOp::and_, t.f(i.rs1), ~sign_d));
    else
        inject_xor(t, i, double_operands(t, i));
}

#define FUSED(name)                                                                                                    \
    void name(BlockTranslation& t, const Instruction& i) { fused(t, i, HelperNumber::name##_rne); }
#define ROUNDED(name)                                                                                                  \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        t.put_f(i.rd, t.call(HelperNumber::name, t.f(i.rs1), t.f(i.rs2), rounding(t, i)));                             \
    }
#define CONVERSION(name)                                                                                               \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        t.put_f(i.rd, t.call(HelperNumber::name, t.f(i.rs1), rounding(t, i)));                                         \
    }
#define TO_INTEGER(name)                                                                                               \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        to_integer_register(t, i, t.call(HelperNumber::name, t.f(i.rs1), rounding(t, i)));                             \
    }
#define FROM_INTEGER(name)                                                                                             \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        t.put_f(i.rd, t.call(HelperNumber::name, t.x(i.rs1), rounding(t, i)));                                         \
    }
#define SELECTION(name)                                                                                                \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        t.put_f(i.rd, t.call(HelperNumber::name, t.f(i.rs1), t.f(i.rs2)));                                             \
    }
#define COMPARISON(name)                                                                                               \
    void name(BlockTranslation& t, const Instruction& i) {                                                             \
        to_integer_register(t, i, t.call(HelperNumber::name, t.f(i.rs1), t.f(i.rs2)));                                 \
    }
#define CLASSIFICATION(name)                                                                                           \
    void name(BlockTranslation& t, const Instruction& i) { t.put_x(i.rd, t.call(HelperNumber::name, t.f(i.rs1))); }
#include "cpu/riscv/float_shapes.def"
#undef FUSED
#undef ROUNDED
#undef CONVERSION
#undef TO_INTEGER
#undef FROM_INTEGER
#undef SELECTION
#undef COMPARISON
#undef CLASSIFICATION

} // namespace orrery::riscv::translators
