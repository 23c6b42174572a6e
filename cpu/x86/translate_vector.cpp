// Vector instructions whose result a kernel computes: where its operands come from, and where the result goes.
#include "cpu/x86/translate_vector.hpp"

#include <algorithm>

#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

using ir::Value;
using IrOp = ir::Op;

// From a scratch vector's number to that of its upper half.
constexpr u32 upper_scratch = 2;

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
// With VEX only for these (SDM 1, 14.9).
bool needs_alignment_with_vex(Op op) {
    switch (op) {
    case Op::movaps:
    case Op::movapd:
    case Op::movdqa:
    case Op::movntdqa:
        return true;
    default:
        return false;
    }
}
bool needs_alignment(const Instruction& instruction) {
    const Op op = instruction.row->op;
    return instruction.vex ? needs_alignment_with_vex(op) : !takes_any_address(op);
}

Value further(BlockTranslation& t, Value address, u64 bytes) {
    return t.binary(IrOp::add, address, bytes, t.is_64() ? ir::Type::i64 : ir::Type::i32);
}

bool is_register_of_vectors(const OperandValue& operand) {
    return operand.kind == OperandKind::vector || operand.kind == OperandKind::mmx;
}

bool compares_by_immediate(Op op) {
    return op == Op::cmpps || op == Op::cmppd || op == Op::cmpss || op == Op::cmpsd_vector;
}

// The immediate as the kernel wants it.
u64 immediate_of(const Instruction& instruction) {
    const Op op = instruction.row->op;
    const bool to_integer = op == Op::cvtss2si || op == Op::cvtsd2si || op == Op::cvttss2si || op == Op::cvttsd2si;
    if (to_integer) return operand_of(instruction, 0).size_bytes;
    const auto immediate = static_cast<u64>(instruction.immediate) & 0xff;
    if (compares_by_immediate(op)) return immediate & (instruction.vex ? 31 : 7);
    return op == Op::insertps && instruction.has_memory ? immediate & 0x3f : immediate;
}
// The one for the upper half: where there is a bit for each lane they go on, and extensions take the next lanes.
u64 upper_immediate(Op op, u64 immediate) {
    switch (op) {
    case Op::blendps:
    case Op::vpblendd:
        return immediate >> 4;
    case Op::mpsadbw:
        return immediate >> 3;
    case Op::blendpd:
    case Op::shufpd:
        return immediate >> 2;
    case Op::pmovsxbw:
    case Op::pmovsxbd:
    case Op::pmovsxbq:
    case Op::pmovsxwd:
    case Op::pmovsxwq:
    case Op::pmovsxdq:
    case Op::pmovzxbw:
    case Op::pmovzxbd:
    case Op::pmovzxbq:
    case Op::pmovzxwd:
    case Op::pmovzxwq:
    case Op::pmovzxdq:
        return 1;
    default:
        return immediate;
    }
}

// The whole of the last operand serves both halves.
bool permutes_all(Op op) { return op == Op::vpermd || op == Op::vpermps; }

} // namespace

bool is_wide(const Instruction& instruction) {
    if (!instruction.vex_256) return false;
    return std::ranges::any_of(instruction.row->operands, [](Operand operand) {
        return operand.type == Type::x || operand.type == Type::qq || operand.type == Type::hx;
    });
}

std::size_t first_source(const Instruction& instruction) {
    const auto& operands = instruction.row->operands;
    return operands[0].place == Place::H || operands[1].place == Place::H ? 1 : 0;
}

bool vectors_usable(BlockTranslation& t) {
    const Row& row = *t.instruction().row;
    const bool mmx = uses_mmx(row);
    const bool xmm = uses_xmm(row) || !mmx;
    // CR0.EM and CR4.OSFXSR mean nothing to VEX (SDM 2A, 2.4), and the decoder knows about XCR0.
    const bool undefined = !is_vex(row.map) && ((xmm && t.mode().vectors_off) || t.mode().emulated);
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
VectorValue read_upper(BlockTranslation& t, u32 number) {
    return {t.ir().get(slot::ymm_high_low(number)), t.ir().get(slot::ymm_high_high(number))};
}

void write_wide(BlockTranslation& t, u32 number, WideValue value) {
    t.ir().put(slot::xmm_low(number), value.lower.low);
    t.ir().put(slot::xmm_high(number), value.lower.high);
    if (!value.upper.exists()) return clear_upper(t, number);
    t.ir().put(slot::ymm_high_low(number), value.upper.low);
    t.ir().put(slot::ymm_high_high(number), value.upper.high);
}
void write_vector(BlockTranslation& t, u32 number, VectorValue value) { write_wide(t, number, {value}); }

void write_low(BlockTranslation& t, u32 number, u32 from, Value low) {
    if (t.instruction().vex) return write_vector(t, number, {low, t.ir().get(slot::xmm_high(from))});
    t.ir().put(slot::xmm_low(number), low);
}
void write_high(BlockTranslation& t, u32 number, u32 from, Value high) {
    if (t.instruction().vex) return write_vector(t, number, {t.ir().get(slot::xmm_low(from)), high});
    t.ir().put(slot::xmm_high(number), high);
}

void clear_upper(BlockTranslation& t, u32 number) {
    if (!t.instruction().vex) return;
    t.ir().put(slot::ymm_high_low(number), t.constant(0));
    t.ir().put(slot::ymm_high_high(number), t.constant(0));
}

VectorValue load_vector(BlockTranslation& t, Value address) {
    const Value low = t.load(address, 8);
    return {low, t.load(further(t, address, 8), 8)};
}

void store_wide(BlockTranslation& t, Value address, WideValue value, bool aligned) {
    const u64 size = (value.upper.exists() ? 2 : 1) * sizeof(Vector);
    if (!aligned) t.call(HelperNumber::check_store, address, t.constant(size));
    t.store(address, 8, value.lower.low);
    t.store(further(t, address, 8), 8, value.lower.high);
    if (!value.upper.exists()) return;
    t.store(further(t, address, 16), 8, value.upper.low);
    t.store(further(t, address, 24), 8, value.upper.high);
}

// In 64-bit mode the low bits flip bits up to 62: where one is set, the address is no longer canonical, and the access
// is the #GP(0) that there has to be.
Value aligned_address(BlockTranslation& t, Value address, u32 size) {
    if (t.is_64()) {
        const u64 others = size == 32 ? 59 : 60;
        const Value low_bits = t.binary(IrOp::shr, t.binary(IrOp::shl, address, others), u64{1});
        return t.binary(IrOp::xor_, address, low_bits);
    }
    t.call(HelperNumber::check_vector_alignment, address, t.constant(size));
    return address;
}

WideValue read_wide_operand(BlockTranslation& t, std::size_t operand) {
    const OperandValue decoded = operand_of(t.instruction(), operand);
    const bool wide = decoded.size_bytes > sizeof(Vector);
    if (decoded.kind == OperandKind::vector) {
        const VectorValue lower = read_vector(t, decoded.number);
        return {lower, wide ? read_upper(t, decoded.number) : VectorValue{}};
    }
    const Location memory = t.place(operand);
    if (memory.size < sizeof(Vector)) return {{t.read(memory), t.constant(0)}};
    const bool aligned = needs_alignment(t.instruction());
    const Value address = aligned ? aligned_address(t, memory.value, memory.size) : memory.value;
    const VectorValue lower = load_vector(t, address);
    return {lower, wide ? load_vector(t, further(t, address, sizeof(Vector))) : VectorValue{}};
}
VectorValue read_vector_operand(BlockTranslation& t, std::size_t operand) {
    return read_wide_operand(t, operand).lower;
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
    default: {
        const WideValue value = read_wide_operand(t, operand);
        put_scratch(t, scratch, value.lower);
        if (value.upper.exists()) put_scratch(t, scratch + upper_scratch, value.upper);
        return vector_place::scratch(scratch);
    }
    }
}

namespace {

VectorRequest request_of(BlockTranslation& t, Op op) {
    const Instruction& i = t.instruction();
    VectorRequest request{.op = op, .destination = vector_place::none};
    if (kernel_of(op).kind == KernelKind::fused) {
        request.c = vector_source(t, 2, 0);
        request.a = vector_source(t, 0, 0);
        request.b = vector_source(t, 1, 0);
    } else {
        const std::size_t first = first_source(i), second = first + 1;
        request.b = vector_source(t, second, 0);
        request.a = is_register_of_vectors(operand_of(i, first)) ? vector_source(t, first, 0) : request.b;
        if (operand_of(i, second + 1).kind == OperandKind::vector) request.c = vector_source(t, second + 1, 0);
    }
    const bool writes = operation_of(i.row->op).access != Access::read;
    if (writes && is_register_of_vectors(operand_of(i, 0))) request.destination = vector_source(t, 0, 0);
    return request;
}

Shape shape_of(const Instruction& i) {
    if (!is_wide(i)) return Shape::single;
    if (operand_of(i, 0).size_bytes < 2 * sizeof(Vector)) return Shape::narrowing;
    const OperandValue last = operand_of(i, first_source(i) + 1);
    return last.size_bytes < 2 * sizeof(Vector) ? Shape::widening : Shape::both;
}

// Above what a helper has put into an XMM register.
void clear_above(BlockTranslation& t, u8 place) {
    if (place < vector_place::ymm_high(0)) clear_upper(t, place);
}

Value call_floating(BlockTranslation& t, VectorRequest request, u64 immediate) {
    request.shape = shape_of(t.instruction());
    const Value result = t.call(HelperNumber::floating, t.constant(request.pack()), t.constant(immediate));
    const bool has_upper = request.shape == Shape::both || request.shape == Shape::widening;
    if (!has_upper) clear_above(t, request.destination);
    return result;
}

Value call_packed(BlockTranslation& t, const VectorRequest& request, u64 immediate) {
    const bool to_register = request.destination != vector_place::none;
    return t.call(to_register ? HelperNumber::packed : HelperNumber::packed_value, t.constant(request.pack()),
                  t.constant(immediate));
}

// What both halves use of the last operand must outlive the lower one's result.
void keep_shared_source(BlockTranslation& t, VectorRequest& request) {
    if (request.b != request.destination) return;
    put_scratch(t, 0, read_vector(t, request.b));
    put_scratch(t, upper_scratch, read_upper(t, request.b));
    request.b = vector_place::scratch(0);
}

struct HalfRequests {
    VectorRequest lower, upper;
};
HalfRequests halves_of(BlockTranslation& t, VectorRequest request) {
    const OperandValue last = operand_of(t.instruction(), first_source(t.instruction()) + 1);
    const bool all = permutes_all(request.op);
    const bool shared = all || last.size_bytes < 2 * sizeof(Vector);
    if (shared) keep_shared_source(t, request);
    VectorRequest upper = request;
    upper.a = vector_place::upper(request.a);
    if (!shared) upper.b = vector_place::upper(request.b);
    upper.c = vector_place::upper(request.c);
    if (all) request.c = upper.c = vector_place::upper(request.b);
    if (request.destination != vector_place::none) upper.destination = vector_place::upper(request.destination);
    return {request, upper};
}

// Of results that aren't vectors: flags that both halves must have, or a bit for each lane.
Value join(BlockTranslation& t, Op op, Value lower, Value upper) {
    switch (op) {
    case Op::pmovmskb:
        return t.binary(IrOp::or_, lower, t.binary(IrOp::shl, upper, u64{16}));
    case Op::movmskps:
        return t.binary(IrOp::or_, lower, t.binary(IrOp::shl, upper, u64{4}));
    case Op::movmskpd:
        return t.binary(IrOp::or_, lower, t.binary(IrOp::shl, upper, u64{2}));
    default:
        return t.binary(IrOp::and_, lower, upper);
    }
}

Value compute_packed(BlockTranslation& t, const VectorRequest& request, u64 immediate) {
    if (!is_wide(t.instruction())) {
        const Value result = call_packed(t, request, immediate);
        clear_above(t, request.destination);
        return result;
    }
    const auto [lower, upper] = halves_of(t, request);
    const Value low = call_packed(t, lower, immediate);
    const Value high = call_packed(t, upper, upper_immediate(request.op, immediate));
    return request.destination == vector_place::none ? join(t, request.op, low, high) : low;
}

} // namespace

void vector_operation_as(BlockTranslation& t, Op op) {
    if (!vectors_usable(t)) return;
    const Instruction& i = t.instruction();
    const bool only_reads = operation_of(i.row->op).access == Access::read;
    const bool to_register = is_register_of_vectors(operand_of(i, 0)) && !only_reads;
    // A place in memory must be known before the kernel runs: finding it may fault.
    const Location outside = to_register ? Location{} : t.place(0);
    const VectorRequest request = request_of(t, op);
    const bool packed = kernel_of(op).kind == KernelKind::packed;
    const u64 immediate = immediate_of(i);
    const Value result = packed ? compute_packed(t, request, immediate) : call_floating(t, request, immediate);
    if (to_register) return;
    if (only_reads)
        t.set_flag_image(result);
    else
        t.write(outside, result);
}

void floating_operation_into(BlockTranslation& t, u8 destination) {
    VectorRequest request = request_of(t, t.instruction().row->op);
    request.destination = destination;
    call_floating(t, request, immediate_of(t.instruction()));
}

void vector_operation(BlockTranslation& t) { vector_operation_as(t, t.instruction().row->op); }

} // namespace orrery::x86
