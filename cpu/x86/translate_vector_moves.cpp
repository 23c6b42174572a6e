// Moves of vectors, and what is as simple: logic and shuffles of whole halves (SDM 1, 10.4.1, 11.4.1). Plain IR on the
// registers' halves.
#include "cpu/x86/translate_vector.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

OperandValue operand(BlockTranslation& t, std::size_t number) { return operand_of(t.instruction(), number); }

// The register that is the first of two sources.
u32 first_register(BlockTranslation& t) { return operand(t, first_source(t.instruction())).number; }
std::size_t second_source(BlockTranslation& t) { return first_source(t.instruction()) + 1; }

// All of a register.
void move(BlockTranslation& t, bool aligned) {
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    if (to.kind != OperandKind::memory) return write_wide(t, to.number, read_wide_operand(t, 1));
    const Location memory = t.place(0);
    const Value address = aligned ? aligned_address(t, memory.value, memory.size) : memory.value;
    store_wide(t, address, read_wide_operand(t, 1), aligned);
}

Value low_of(BlockTranslation& t, std::size_t number) { return read_vector_operand(t, number).low; }

// The low `size` bytes: of memory they clear what lies above them in a register, of registers they leave it.
void move_scalar(BlockTranslation& t, u32 size) {
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    const OperandValue from = operand(t, second_source(t));
    if (to.kind == OperandKind::memory) {
        const Location memory = t.place(0);
        return t.store(memory.value, size, t.ir().get(slot::xmm_low(from.number)));
    }
    if (from.kind == OperandKind::memory)
        return write_vector(t, to.number, {t.load(t.place(1).value, size), t.constant(0)});
    const Value low = t.ir().get(slot::xmm_low(from.number));
    const u32 first = first_register(t);
    if (size == 8) return write_low(t, to.number, first, low);
    const Value kept = t.binary(IrOp::and_, t.ir().get(slot::xmm_low(first)), ~u64{0xffff'ffff});
    write_low(t, to.number, first, t.binary(IrOp::or_, kept, t.zero_extend(low, size)));
}

// One half of an XMM register, from or to memory.
void move_half(BlockTranslation& t, bool high) {
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    if (to.kind != OperandKind::memory) {
        const Value loaded = t.load(t.place(second_source(t)).value, 8);
        return (high ? write_high : write_low)(t, to.number, first_register(t), loaded);
    }
    const Location memory = t.place(0);
    const u32 from = operand(t, 1).number;
    t.store(memory.value, 8, t.ir().get(high ? slot::xmm_high(from) : slot::xmm_low(from)));
}

// To and from MMX registers, of 4 or 8 bytes.
void move_mmx(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    const OperandValue from = operand(t, 1);
    const auto mmx = [&](const OperandValue& which) {
        return t.call(HelperNumber::read_mmx, t.constant(which.number));
    };
    if (to.kind == OperandKind::mmx) {
        const Value value = from.kind == OperandKind::mmx      ? mmx(from)
                            : from.kind == OperandKind::vector ? t.ir().get(slot::xmm_low(from.number))
                                                               : t.read(1);
        t.call(HelperNumber::write_mmx, t.constant(to.number), value);
        return;
    }
    if (to.kind == OperandKind::vector) {
        write_vector(t, to.number, {mmx(from), t.constant(0)});
    } else {
        const Location place = t.place(0);
        t.write(place, t.zero_extend(mmx(from), place.size));
    }
    t.call(HelperNumber::enter_mmx);
}

bool has_mmx(BlockTranslation& t) {
    return operand(t, 0).kind == OperandKind::mmx || operand(t, 1).kind == OperandKind::mmx;
}

// From both sources, by 128 bits.
template <typename Function> void compute(BlockTranslation& t, Function function) {
    const WideValue second = read_wide_operand(t, second_source(t));
    const WideValue first = read_wide_operand(t, first_source(t.instruction()));
    WideValue result{function(first.lower, second.lower)};
    if (second.upper.exists()) result.upper = function(first.upper, second.upper);
    write_wide(t, operand(t, 0).number, result);
}

// Logic on all 64-bit parts; with MMX registers the kernel does it.
template <typename Function> void logic(BlockTranslation& t, Function function) {
    if (has_mmx(t)) return vector_operation(t);
    if (!vectors_usable(t)) return;
    compute(
        t, [&](VectorValue a, VectorValue b) { return VectorValue{function(a.low, b.low), function(a.high, b.high)}; });
}
void logic(BlockTranslation& t, IrOp op) {
    logic(t, [&](Value a, Value b) { return t.binary(op, a, b); });
}
// A register with itself: zero, whatever it holds.
void exclusive_or(BlockTranslation& t) {
    const OperandValue from = operand(t, second_source(t));
    if (from.kind != OperandKind::vector || from.number != first_register(t)) return logic(t, IrOp::xor_);
    if (vectors_usable(t)) write_vector(t, operand(t, 0).number, {t.constant(0), t.constant(0)});
}
void and_not(BlockTranslation& t) {
    logic(t, [&](Value a, Value b) { return t.binary(IrOp::andn, b, a); });
}

void store_masked(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const bool mmx = has_mmx(t);
    const auto place = [&](std::size_t number) {
        return mmx ? vector_place::mmx(operand(t, number).number) : vector_place::xmm(operand(t, number).number);
    };
    const Value offset = t.gpr(gpr::rdi, t.instruction().address_size);
    const Value address = t.linear(t.instruction().memory.segment, offset, operand(t, 0).size_bytes, true);
    const VectorRequest request{.a = place(0), .b = place(1)};
    t.call(HelperNumber::store_masked, address, t.constant(request.pack()), t.constant(1));
}

constexpr u64 save_wide = 1, save_optimised = 2; // of the helpers' packed argument

// SDM 1, 10.5 and chapter 13. The XSAVE instructions ask for the system's consent, the older ones for the x87 unit.
void save(BlockTranslation& t, HelperNumber helper, bool by_xsave, u64 packed = 0) {
    if (by_xsave && !t.mode().xsave) return t.raise(exception(vector::ud));
    if (by_xsave ? t.mode().task_switched : t.mode().x87_off) return t.raise(exception(vector::nm));
    constexpr u32 legacy_bytes = 512, header_bytes = 64;
    const bool writes = operation_of(t.instruction().row->op).access == Access::write;
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(),
                                   legacy_bytes + (by_xsave ? header_bytes : 0), writes);
    t.call(helper, address, t.constant(packed | (t.operand_size() == 8 ? save_wide : 0)));
    if (!writes) t.stop_behind(); // an x87 exception may be pending now
}

} // namespace

void movups(BlockTranslation& t) { move(t, false); }
void movupd(BlockTranslation& t) { move(t, false); }
void movdqu(BlockTranslation& t) { move(t, false); }
void lddqu(BlockTranslation& t) { move(t, false); }
void movaps(BlockTranslation& t) { move(t, true); }
void movapd(BlockTranslation& t) { move(t, true); }
void movdqa(BlockTranslation& t) { move(t, true); }
void movntps(BlockTranslation& t) { move(t, true); }
void movntpd(BlockTranslation& t) { move(t, true); }
void movntdq(BlockTranslation& t) { move(t, true); }
void movntdqa(BlockTranslation& t) { move(t, true); }
void movss(BlockTranslation& t) { move_scalar(t, 4); }
void movsd_vector(BlockTranslation& t) { move_scalar(t, 8); }
void movlps(BlockTranslation& t) { move_half(t, false); }
void movlpd(BlockTranslation& t) { move_half(t, false); }
void movhps(BlockTranslation& t) { move_half(t, true); }
void movhpd(BlockTranslation& t) { move_half(t, true); }
void movhlps(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const Value high = t.ir().get(slot::xmm_high(operand(t, second_source(t)).number));
    write_low(t, operand(t, 0).number, first_register(t), high);
}
void movlhps(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const Value low = t.ir().get(slot::xmm_low(operand(t, second_source(t)).number));
    write_high(t, operand(t, 0).number, first_register(t), low);
}
void movddup(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const WideValue from = read_wide_operand(t, 1);
    WideValue result{{from.lower.low, from.lower.low}};
    if (from.upper.exists()) result.upper = {from.upper.low, from.upper.low};
    write_wide(t, operand(t, 0).number, result);
}

void movd(BlockTranslation& t) {
    if (has_mmx(t)) return move_mmx(t);
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    if (to.kind == OperandKind::vector) return write_vector(t, to.number, {t.read(1), t.constant(0)});
    const Location place = t.place(0);
    t.write(place, t.zero_extend(t.ir().get(slot::xmm_low(operand(t, 1).number)), place.size));
}
void movq(BlockTranslation& t) {
    if (has_mmx(t)) return move_mmx(t);
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    if (to.kind == OperandKind::vector) return write_vector(t, to.number, {low_of(t, 1), t.constant(0)});
    t.write(t.place(0), t.ir().get(slot::xmm_low(operand(t, 1).number)));
}
void movq2dq(BlockTranslation& t) { move_mmx(t); }
void movdq2q(BlockTranslation& t) { move_mmx(t); }
void movntq(BlockTranslation& t) { move_mmx(t); }

void pand(BlockTranslation& t) { logic(t, IrOp::and_); }
void andps(BlockTranslation& t) { logic(t, IrOp::and_); }
void andpd(BlockTranslation& t) { logic(t, IrOp::and_); }
void por(BlockTranslation& t) { logic(t, IrOp::or_); }
void orps(BlockTranslation& t) { logic(t, IrOp::or_); }
void orpd(BlockTranslation& t) { logic(t, IrOp::or_); }
void pxor(BlockTranslation& t) { exclusive_or(t); }
void xorps(BlockTranslation& t) { exclusive_or(t); }
void xorpd(BlockTranslation& t) { exclusive_or(t); }
void pandn(BlockTranslation& t) { and_not(t); }
void andnps(BlockTranslation& t) { and_not(t); }
void andnpd(BlockTranslation& t) { and_not(t); }
void paddq(BlockTranslation& t) { logic(t, IrOp::add); }
void psubq(BlockTranslation& t) { logic(t, IrOp::sub); }

void punpcklqdq(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    if (t.instruction().vex) return compute(t, [](VectorValue a, VectorValue b) { return VectorValue{a.low, b.low}; });
    t.ir().put(slot::xmm_high(operand(t, 0).number), low_of(t, 1));
}
void punpckhqdq(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    compute(t, [](VectorValue a, VectorValue b) { return VectorValue{a.high, b.high}; });
}
void unpcklpd(BlockTranslation& t) { punpcklqdq(t); }
void unpckhpd(BlockTranslation& t) { punpckhqdq(t); }

// Of 4 or 8 bytes, by the operand's size.
void pinsrd(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const Location from = t.place(second_source(t));
    const Value value = t.read(from);
    const u32 to = operand(t, 0).number, first = first_register(t);
    const auto lane = static_cast<u32>(t.instruction().immediate);
    const bool high = (lane & (from.size == 8 ? 1 : 2)) != 0;
    const auto write_half = high ? write_high : write_low;
    if (from.size == 8) return write_half(t, to, first, value);
    const u16 half = high ? slot::xmm_high(first) : slot::xmm_low(first);
    const u64 shift = (lane & 1) != 0 ? 32 : 0;
    const Value kept = t.binary(IrOp::and_, t.ir().get(half), ~(u64{0xffff'ffff} << shift));
    write_half(t, to, first, t.binary(IrOp::or_, kept, t.binary(IrOp::shl, value, shift)));
}
void pextrd(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const Location to = t.place(0);
    const u32 from = operand(t, 1).number;
    const auto lane = static_cast<u32>(t.instruction().immediate);
    const bool high = (lane & (to.size == 8 ? 1 : 2)) != 0;
    const Value half = t.ir().get(high ? slot::xmm_high(from) : slot::xmm_low(from));
    const u64 shift = to.size == 4 && (lane & 1) != 0 ? 32 : 0;
    t.write(to, t.zero_extend(t.binary(IrOp::shr, half, shift), to.size));
}

void emms(BlockTranslation& t) {
    if (vectors_usable(t)) t.call(HelperNumber::leave_mmx);
}

void maskmovdqu(BlockTranslation& t) { store_masked(t); }
void maskmovq(BlockTranslation& t) { store_masked(t); }

void ldmxcsr(BlockTranslation& t) {
    if (vectors_usable(t)) t.call(HelperNumber::load_mxcsr, t.read(0));
}
void stmxcsr(BlockTranslation& t) {
    if (vectors_usable(t)) t.write(t.place(0), t.call(HelperNumber::read_mxcsr));
}

void fxsave(BlockTranslation& t) { save(t, HelperNumber::fxsave, false); }
void fxrstor(BlockTranslation& t) { save(t, HelperNumber::fxrstor, false); }
void xsave(BlockTranslation& t) { save(t, HelperNumber::xsave, true); }
void xsaveopt(BlockTranslation& t) { save(t, HelperNumber::xsave, true, save_optimised); }
void xrstor(BlockTranslation& t) { save(t, HelperNumber::xrstor, true); }

} // namespace orrery::x86::translators
