// Vector instructions whose result a kernel computes: where its operands come from, and where the result goes.
#include "cpu/x86/translate_vector.hpp"

#include <algorithm>

#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

using ir::Value;
using IrOp = ir::Op;

bool has_place(const Row& row, std::initializer_list<Place> places) {
    return std::ranges::any_of(
        row.operands, [places](Operand operand) { return std::ranges::find(places, operand.place) != places.end(); });
}
bool uses_mmx(const Row& row) { return row.op == Op::emms || has_place(row, {Place::P, Place::Q, Place::N}); }
bool uses_xmm(const Row& row) { return has_place(row, {Place::V, Place::W, Place::U, Place::H, Place::xmm0}); }

// 16 bytes of memory must be aligned but for these (SDM 1, 10.4.1.1; SDM 2 by instruction).
bool takes_any_address(Op op) {
    switch (op) {
    case Op::movups:
    case Op::movupd:
    case Op::movdqu:
    case Op::lddqu:
    case Op::pcmpestri:
    case Op::pcmpestrm:
    case Op::pcmpistri:
    case Op::pcmpistrm:
        return true;
    default:
        return false;
    }
}

Value next_qword(BlockTranslation& t, Value address) {
    return t.binary(IrOp::add, address, u64{8}, t.is_64() ? ir::Type::i64 : ir::Type::i32);
}

bool is_register_of_vectors(const OperandValue& operand) {
    return operand.kind == OperandKind::vector || operand.kind == OperandKind::mmx;
}

// The immediate as the kernel wants it.
u64 immediate_of(const Instruction& instruction) {
    const Op op = instruction.row->op;
    const bool to_integer = op == Op::cvtss2si || op == Op::cvtsd2si || op == Op::cvttss2si || op == Op::cvttsd2si;
    if (to_integer) return operand_of(instruction, 0).size_bytes;
    const auto immediate = static_cast<u64>(instruction.immediate) & 0xff;
    return op == Op::insertps && instruction.has_memory ? immediate & 0x3f : immediate;
}

} // namespace

bool vectors_usable(BlockTranslation& t) {
    const Row& row = *t.instruction().row;
    const bool mmx = uses_mmx(row);
    const bool xmm = uses_xmm(row) || !mmx;
    // Forms with VEX aren't translated.
    const bool undefined = is_vex(row.map) || (xmm && t.mode().vectors_off) || t.mode().emulated;
    if (undefined) {
        t.raise(exception(vector::ud));
        return false;
    }
    if (t.mode().task_switched) {
        t.raise(exception(vector::nm));
        return false;
    }
    return !mmx || !waits_for_x87(t);
}

VectorValue read_vector(BlockTranslation& t, u32 number) {
    return {t.ir().get(slot::xmm_low(number)), t.ir().get(slot::xmm_high(number))};
}

void write_vector(BlockTranslation& t, u32 number, VectorValue value) {
    t.ir().put(slot::xmm_low(number), value.low);
    t.ir().put(slot::xmm_high(number), value.high);
}

VectorValue load_vector(BlockTranslation& t, Value address) {
    const Value low = t.load(address, 8);
    return {low, t.load(next_qword(t, address), 8)};
}

void store_vector(BlockTranslation& t, Value address, VectorValue value, bool aligned) {
    if (!aligned) t.call(HelperNumber::check_store, address, t.constant(sizeof(Vector)));
    t.store(address, 8, value.low);
    t.store(next_qword(t, address), 8, value.high);
}

// In 64-bit mode the four low bits flip bits 59 to 62: where one is set, the address is no longer canonical, and the
// access is the #GP(0) that there has to be.
Value aligned_address(BlockTranslation& t, Value address) {
    if (t.is_64()) {
        const Value low_bits = t.binary(IrOp::shr, t.binary(IrOp::shl, address, u64{60}), u64{1});
        return t.binary(IrOp::xor_, address, low_bits);
    }
    t.call(HelperNumber::check_vector_alignment, address);
    return address;
}

VectorValue read_vector_operand(BlockTranslation& t, std::size_t operand) {
    const OperandValue decoded = operand_of(t.instruction(), operand);
    if (decoded.kind == OperandKind::vector) return read_vector(t, decoded.number);
    const Location memory = t.place(operand);
    if (memory.size < sizeof(Vector)) return {t.read(memory), t.constant(0)};
    const bool any = takes_any_address(t.instruction().row->op);
    return load_vector(t, any ? memory.value : aligned_address(t, memory.value));
}

void put_scratch(BlockTranslation& t, u32 number, VectorValue value) {
    t.ir().put(slot::scratch_low(number), value.low);
    t.ir().put(slot::scratch_high(number), value.high);
}

u8 vector_source(BlockTranslation& t, std::size_t operand, u32 scratch) {
    const OperandValue decoded = operand_of(t.instruction(), operand);
    const auto number = decoded.number;
    if (t.instruction().row->operands[operand].place == Place::E) {
        put_scratch(t, scratch, {t.sign_extend(t.read(operand), decoded.size_bytes), t.constant(0)});
        return vector_place::scratch(scratch);
    }
    switch (decoded.kind) {
    case OperandKind::vector:
        return vector_place::xmm(number);
    case OperandKind::mmx:
        return vector_place::mmx(number);
    case OperandKind::immediate:
        put_scratch(t, scratch, {t.constant(static_cast<u64>(decoded.value) & 0xff), t.constant(0)});
        return vector_place::scratch(scratch);
    default:
        put_scratch(t, scratch, read_vector_operand(t, operand));
        return vector_place::scratch(scratch);
    }
}

void vector_operation(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const Instruction& i = t.instruction();
    const Operation& operation = operation_of(i.row->op);
    const OperandValue first = operand_of(i, 0);
    const bool only_reads = operation.access == Access::read;
    const bool to_register = is_register_of_vectors(first) && !only_reads;
    // A place in memory must be known before the kernel runs: finding it may fault.
    const Location outside = to_register ? Location{} : t.place(0);
    VectorRequest request{.op = i.row->op};
    request.b = vector_source(t, 1, 0);
    request.a = is_register_of_vectors(first) ? vector_source(t, 0, 0) : request.b;
    if (operand_of(i, 2).kind == OperandKind::vector) request.c = vector_source(t, 2, 0);
    request.destination = to_register ? request.a : vector_place::none;
    const bool floating = kernel_of(i.row->op).kind == KernelKind::floating;
    const HelperNumber helper = floating      ? HelperNumber::floating
                                : to_register ? HelperNumber::packed
                                              : HelperNumber::packed_value;
    const Value result = t.call(helper, t.constant(request.pack()), t.constant(immediate_of(i)));
    if (to_register) return;
    if (only_reads)
        t.set_flag_image(result);
    else
        t.write(outside, result);
}

} // namespace orrery::x86
