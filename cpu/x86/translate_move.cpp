// Moves, and what changes single flags (SDM 1, 5.1.1 and 5.1.13).
#include "cpu/x86/translate.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

// SS keeps interrupts away from the instruction behind it (SDM 2, MOV).
void load_segment(BlockTranslation& t, Segment segment, Value selector) {
    t.call(HelperNumber::load_segment, selector, t.constant(static_cast<u64>(segment)));
    if (segment == Segment::ss) t.ir().put(slot::interrupt_shadow, t.constant(shadow_of_stack));
}

// A far pointer in memory, into a segment register and a general one.
void load_far_pointer(BlockTranslation& t, Segment segment) {
    const Location to = t.place(0);
    const u32 size = t.operand_size();
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), size + 2, false);
    const Value offset = t.load(address, size);
    const Value selector = t.load(t.binary(IrOp::add, address, u64{size}), 2);
    load_segment(t, segment, selector);
    t.write(to, offset);
    if (segment == Segment::ss) return t.leave_untrapped();
    t.leave();
}

void put_rflags(BlockTranslation& t, u64 set, u64 clear) {
    Value flags = t.ir().get(slot::rflags);
    if (clear != 0) flags = t.binary(IrOp::and_, flags, ~clear);
    if (set != 0) flags = t.binary(IrOp::or_, flags, set);
    t.ir().put(slot::rflags, flags);
}

// The operand of a hint is not accessed.
void ignore(BlockTranslation&) {}

} // namespace

void mov(BlockTranslation& t) {
    const OperandValue to = operand_of(t.instruction(), 0);
    const OperandValue from = operand_of(t.instruction(), 1);
    if (to.kind == OperandKind::segment) {
        const auto segment = static_cast<Segment>(to.number);
        if (to.number >= segment_count || segment == Segment::cs) return t.raise(exception(vector::ud));
        load_segment(t, segment, t.read(1));
        return segment == Segment::ss ? t.leave_untrapped() : t.leave();
    }
    if (from.kind == OperandKind::segment) {
        if (from.number >= segment_count) return t.raise(exception(vector::ud));
        const Location place = t.place(0);
        // The selector's 16 bits, wherever they lie beside the base.
        const Value selector = t.call(HelperNumber::selector, t.constant(from.number));
        return t.write(place, selector);
    }
    const Location place = t.place(0);
    t.write(place, t.read(1));
}

void movzx(BlockTranslation& t) {
    const Location to = t.place(0);
    t.write(to, t.read(1));
}
void movsx(BlockTranslation& t) {
    const Location to = t.place(0);
    const Location from = t.place(1);
    t.write(to, t.sign_extend(t.read(from), from.size));
}
void movsxd(BlockTranslation& t) { movsx(t); }
void movnti(BlockTranslation& t) { mov(t); }

void movbe(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value value = t.read(1);
    if (to.size == 2) {
        const Value swapped = t.unary(IrOp::bswap, value, ir::Type::i32);
        return t.write(to, t.binary(IrOp::shr, swapped, u64{16}));
    }
    t.write(to, t.unary(IrOp::bswap, value, to.size == 4 ? ir::Type::i32 : ir::Type::i64));
}

void lea(BlockTranslation& t) { t.put_gpr(t.instruction().reg(), t.operand_size(), t.effective_address()); }

// With memory it is locked always.
void xchg(BlockTranslation& t) {
    const Location first = t.place(0);
    const Location second = t.place(1);
    const Value b = t.read(second);
    if (first.is_memory()) {
        const Value packed = t.constant(static_cast<u64>(UpdateOperation::exchange) | u64{first.size} << 8);
        return t.write(second, t.call(HelperNumber::update, first.value, b, packed));
    }
    const Value a = t.read(first);
    t.write(first, b);
    t.write(second, a);
}

void cbw(BlockTranslation& t) {
    const u32 size = t.operand_size();
    t.put_gpr(gpr::rax, size, t.sign_extend(t.ir().get(slot::r(gpr::rax)), size / 2));
}

void cwd(BlockTranslation& t) {
    const u32 size = t.operand_size();
    const Value value = t.sign_extend(t.ir().get(slot::r(gpr::rax)), size);
    t.put_gpr(gpr::rdx, size, t.binary(IrOp::sar, value, u64{63}));
}

void xlat(BlockTranslation& t) {
    const Value sum = t.binary(IrOp::add, t.ir().get(slot::r(gpr::rbx)), t.gpr(gpr::rax, 1));
    const Value offset = t.zero_extend(sum, t.instruction().address_size);
    t.put_gpr(gpr::rax, 1, t.load(t.linear(t.instruction().memory.segment, offset, 1, false), 1));
}

// Reads its source whatever the condition, and of 32 bits always clears the upper half.
void cmovcc(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value from = t.read(1);
    const Value old = t.read(to);
    t.write(to, t.ir().select(t.condition(t.instruction().condition()), from, old));
}

void setcc(BlockTranslation& t) {
    const Location to = t.place(0);
    t.write(to, t.condition(t.instruction().condition()));
}

void les(BlockTranslation& t) { load_far_pointer(t, Segment::es); }
void lds(BlockTranslation& t) { load_far_pointer(t, Segment::ds); }
void lss(BlockTranslation& t) { load_far_pointer(t, Segment::ss); }
void lfs(BlockTranslation& t) { load_far_pointer(t, Segment::fs); }
void lgs(BlockTranslation& t) { load_far_pointer(t, Segment::gs); }

void lahf(BlockTranslation& t) {
    constexpr u64 held = flag::carry | flag::parity | flag::adjust | flag::zero | flag::sign;
    const Value flags = t.binary(IrOp::and_, t.flag_image(), held);
    const Value byte = t.binary(IrOp::or_, flags, rflags_fixed);
    const Value kept = t.binary(IrOp::and_, t.ir().get(slot::r(gpr::rax)), ~u64{0xff00});
    t.ir().put(slot::r(gpr::rax), t.binary(IrOp::or_, kept, t.binary(IrOp::shl, byte, u64{8})));
}

void sahf(BlockTranslation& t) {
    constexpr u64 held = flag::carry | flag::parity | flag::adjust | flag::zero | flag::sign;
    const Value overflow = t.binary(IrOp::and_, t.flag_image(), u64{flag::overflow});
    const Value byte = t.binary(IrOp::shr, t.ir().get(slot::r(gpr::rax)), u64{8});
    t.set_flag_image(t.binary(IrOp::or_, overflow, t.binary(IrOp::and_, byte, held)));
}

void cmc(BlockTranslation& t) { t.set_flag_image(t.binary(IrOp::xor_, t.flag_image(), u64{flag::carry})); }
void clc(BlockTranslation& t) { t.set_flag_image(t.binary(IrOp::and_, t.flag_image(), ~u64{flag::carry})); }
void stc(BlockTranslation& t) { t.set_flag_image(t.binary(IrOp::or_, t.flag_image(), u64{flag::carry})); }
void cld(BlockTranslation& t) { put_rflags(t, 0, flag::direction); }
void std(BlockTranslation& t) { put_rflags(t, flag::direction, 0); }

void nop(BlockTranslation& t) { ignore(t); }
void nop_hint(BlockTranslation& t) { ignore(t); }
void endbr64(BlockTranslation& t) { ignore(t); }
void endbr32(BlockTranslation& t) { ignore(t); }
void prefetch_exclusive(BlockTranslation& t) { ignore(t); }
void prefetchw(BlockTranslation& t) { ignore(t); }
void prefetchnta(BlockTranslation& t) { ignore(t); }
void prefetcht0(BlockTranslation& t) { ignore(t); }
void prefetcht1(BlockTranslation& t) { ignore(t); }
void prefetcht2(BlockTranslation& t) { ignore(t); }
// Loops that wait for another CPU let it have its turn.
void pause(BlockTranslation& t) { t.leave(); }
void lfence(BlockTranslation& t) { ignore(t); }
void sfence(BlockTranslation& t) { ignore(t); }
void mfence(BlockTranslation& t) { t.ir().fence(); }
// It needs the right to read.
void clflush(BlockTranslation& t) {
    t.load(t.linear(t.instruction().memory.segment, t.effective_address(), 1, false), 1);
}

} // namespace orrery::x86::translators
