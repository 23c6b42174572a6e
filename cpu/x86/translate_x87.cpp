// The x87 unit (SDM 1, chapter 8): operands and what may fault before the unit is in IR, the rest in helpers
// (x87_*.cpp).
#include "cpu/x86/translate.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {

// SDM 1, 8.7.
bool waits_for_x87(BlockTranslation& t) {
    if (!t.mode().x87_error) return false;
    t.call(HelperNumber::x87_error);
    t.end(ir::Leave{.pc = t.pc()});
    return true;
}

namespace translators {
namespace {

using ir::Value;
using IrOp = ir::Op;
using Operation = X87Request::Operation;

// False: the instruction is an exception here, and the block has ended.
bool available(BlockTranslation& t) {
    if (t.mode().x87_off) t.raise(exception(vector::nm));
    return !t.mode().x87_off;
}

bool begin(BlockTranslation& t) { return available(t) && !waits_for_x87(t); }

// As FIP has it: in modes without descriptors it is a linear address (SDM 1, figures 8-11 and 8-12).
u64 instruction_pointer(const BlockTranslation& t) {
    const Mode mode = t.mode();
    const bool linear = !mode.protected_mode || mode.virtual_8086;
    return t.is_64() || linear ? t.pc() : (t.pc() - mode.code_base) & mask(Size::dword);
}

// Nothing behind it faults, but for stores.
void note_instruction(BlockTranslation& t) { t.ir().put(slot::x87_instruction, t.constant(instruction_pointer(t))); }

X87Request request_of(const BlockTranslation& t, Operation operation, u8 pops = 0) {
    const Instruction& i = t.instruction();
    return {.operation = operation,
            .index = static_cast<u8>(i.modrm & 7),
            .pops = pops,
            .length = i.length,
            .opcode = static_cast<u16>((i.opcode & 7U) << 8 | i.modrm)};
}

struct Memory {
    Value offset;  // what FDP would have
    Value address; // linear
};

Memory memory(BlockTranslation& t, u32 size, bool write) {
    const Value offset = t.effective_address();
    return {offset, t.linear(t.instruction().memory.segment, offset, size, write)};
}

u32 size_of(X87Type type) {
    switch (type) {
    case X87Type::i16:
        return 2;
    case X87Type::f32:
    case X87Type::i32:
        return 4;
    case X87Type::extended:
    case X87Type::decimal:
        return 10;
    default:
        return 8;
    }
}

X87Type type_of_size(u32 size, bool integer) {
    if (size == 10) return integer ? X87Type::decimal : X87Type::extended;
    if (integer) return size == 2 ? X87Type::i16 : size == 4 ? X87Type::i32 : X87Type::i64;
    return size == 4 ? X87Type::f32 : X87Type::f64;
}

// The memory operand's type; of register forms X87Type::stack.
X87Type operand_type(const BlockTranslation& t, bool integer) {
    if (!t.instruction().has_memory) return X87Type::stack;
    for (std::size_t i = 0; i < 2; ++i) {
        const OperandValue operand = operand_of(t.instruction(), i);
        if (operand.kind == OperandKind::memory) return type_of_size(operand.size_bytes, integer);
    }
    return X87Type::stack;
}

// Calls a helper with the operand's value, its offset and the request.
void call_with_operand(BlockTranslation& t, HelperNumber helper, X87Request request) {
    if (request.type == X87Type::stack) {
        note_instruction(t);
        t.call(helper, t.constant(0), t.constant(X87Unit::no_data), t.constant(request.pack()));
        return;
    }
    const u32 size = size_of(request.type);
    const Memory place = memory(t, size, false);
    const Value value = t.load(place.address, size == 10 ? 8 : size);
    Value packed = t.constant(request.pack());
    if (size == 10) {
        const Value upper = t.load(t.binary(IrOp::add, place.address, u64{8}), 2);
        packed = t.binary(IrOp::or_, packed, t.binary(IrOp::shl, upper, u64{X87Request::upper_shift}));
    }
    note_instruction(t);
    t.call(helper, value, place.offset, packed);
}

void call_with_request(BlockTranslation& t, HelperNumber helper, X87Request request, Value first = ir::no_value) {
    note_instruction(t);
    t.call(helper, first, ir::no_value, t.constant(request.pack()));
}

void arithmetic(BlockTranslation& t, Operation operation, bool integer, u8 pops) {
    if (!begin(t)) return;
    X87Request request = request_of(t, operation, pops);
    request.type = operand_type(t, integer);
    request.to_index = !t.instruction().has_memory && (t.instruction().opcode & 4) != 0;
    call_with_operand(t, HelperNumber::x87_arithmetic, request);
}

void compare(BlockTranslation& t, Operation operation, bool integer, u8 pops) {
    if (!begin(t)) return;
    X87Request request = request_of(t, operation, pops);
    request.type = operand_type(t, integer);
    call_with_operand(t, HelperNumber::x87_compare, request);
}

void compare_flags(BlockTranslation& t, Operation operation, u8 pops) {
    if (!begin(t)) return;
    call_with_request(t, HelperNumber::x87_compare_flags, request_of(t, operation, pops));
    t.forget_flags();
}

void load(BlockTranslation& t, bool integer) {
    if (!begin(t)) return;
    X87Request request = request_of(t, Operation::load);
    request.type = operand_type(t, integer);
    call_with_operand(t, HelperNumber::x87_load, request);
}

void load_constant(BlockTranslation& t) {
    if (!begin(t)) return;
    call_with_request(t, HelperNumber::x87_load_constant, request_of(t, Operation::load),
                      t.constant(t.instruction().modrm & 7U));
}

void move(BlockTranslation& t, Operation operation, u8 pops = 0) {
    if (begin(t)) call_with_request(t, HelperNumber::x87_move, request_of(t, operation, pops));
}

// The value goes to memory between two calls: the first changes nothing unless there is nothing to store, the second
// completes what a fault would undo.
void store(BlockTranslation& t, Operation operation, bool integer, u8 pops) {
    X87Request request = request_of(t, operation, pops);
    request.type = operand_type(t, integer);
    if (request.type == X87Type::stack) return move(t, Operation::copy, pops);
    if (!begin(t)) return;
    const u32 size = size_of(request.type);
    const Memory place = memory(t, size, true);
    const Value packed = t.constant(request.pack());
    if (size == 10) {
        const Value value = t.call(HelperNumber::x87_store_wide, place.address, place.offset, packed);
        t.store(place.address, 8, value);
        t.store(t.binary(IrOp::add, place.address, u64{8}), 2, t.call(HelperNumber::x87_upper));
    } else {
        const Value value = t.call(HelperNumber::x87_store, place.offset, ir::no_value, packed);
        t.store(place.address, size, value);
    }
    note_instruction(t);
    t.call(HelperNumber::x87_finish_store, place.offset, ir::no_value, packed);
}

void move_if(BlockTranslation& t, u32 condition) {
    if (!begin(t)) return;
    const Value holds = t.condition(condition);
    call_with_request(t, HelperNumber::x87_move_if, request_of(t, Operation::copy), holds);
}

void transform(BlockTranslation& t, Operation operation) {
    if (begin(t)) call_with_request(t, HelperNumber::x87_transform, request_of(t, operation));
}

// ---- control instructions. Those whose names begin with fn don't wait.

void environment(BlockTranslation& t, HelperNumber helper, bool registers, bool write) {
    const Mode mode = t.mode();
    const bool wide = t.operand_size() != 2;
    const bool real = !mode.protected_mode || mode.virtual_8086;
    const u32 size = (wide ? 28U : 14U) + (registers ? 80U : 0U);
    const u64 packed = u64{wide} | u64{real} << 1 | u64{registers} << 2 | u64{t.instruction().length} << 8;
    t.call(helper, memory(t, size, write).address, t.constant(packed));
}

void store_word(BlockTranslation& t, HelperNumber helper) {
    if (!available(t)) return;
    const Location to = t.place(0);
    t.write(to, t.call(helper));
}

void call_with_length(BlockTranslation& t, HelperNumber helper) {
    if (available(t)) t.call(helper, t.constant(t.instruction().length));
}

} // namespace

#define X87(op, ...)                                                                                                   \
    void op(BlockTranslation& t) { __VA_ARGS__; }

X87(fadd, arithmetic(t, Operation::add, false, 0))
X87(faddp, arithmetic(t, Operation::add, false, 1))
X87(fiadd, arithmetic(t, Operation::add, true, 0))
X87(fmul, arithmetic(t, Operation::multiply, false, 0))
X87(fmulp, arithmetic(t, Operation::multiply, false, 1))
X87(fimul, arithmetic(t, Operation::multiply, true, 0))
X87(fsub, arithmetic(t, Operation::subtract, false, 0))
X87(fsubp, arithmetic(t, Operation::subtract, false, 1))
X87(fisub, arithmetic(t, Operation::subtract, true, 0))
X87(fsubr, arithmetic(t, Operation::subtract_reversed, false, 0))
X87(fsubrp, arithmetic(t, Operation::subtract_reversed, false, 1))
X87(fisubr, arithmetic(t, Operation::subtract_reversed, true, 0))
X87(fdiv, arithmetic(t, Operation::divide, false, 0))
X87(fdivp, arithmetic(t, Operation::divide, false, 1))
X87(fidiv, arithmetic(t, Operation::divide, true, 0))
X87(fdivr, arithmetic(t, Operation::divide_reversed, false, 0))
X87(fdivrp, arithmetic(t, Operation::divide_reversed, false, 1))
X87(fidivr, arithmetic(t, Operation::divide_reversed, true, 0))

X87(fcom, compare(t, Operation::compare, false, 0))
X87(fcomp, compare(t, Operation::compare, false, 1))
X87(ficom, compare(t, Operation::compare, true, 0))
X87(ficomp, compare(t, Operation::compare, true, 1))
X87(fcompp, compare(t, Operation::compare, false, 2))
X87(fucom, compare(t, Operation::compare_quietly, false, 0))
X87(fucomp, compare(t, Operation::compare_quietly, false, 1))
X87(fucompp, compare(t, Operation::compare_quietly, false, 2))
X87(fcomi, compare_flags(t, Operation::compare, 0))
X87(fcomip, compare_flags(t, Operation::compare, 1))
X87(fucomi, compare_flags(t, Operation::compare_quietly, 0))
X87(fucomip, compare_flags(t, Operation::compare_quietly, 1))

X87(fld, load(t, false))
X87(fild, load(t, true))
X87(fbld, load(t, true))
X87(fld1, load_constant(t))
X87(fldl2t, load_constant(t))
X87(fldl2e, load_constant(t))
X87(fldpi, load_constant(t))
X87(fldlg2, load_constant(t))
X87(fldln2, load_constant(t))
X87(fldz, load_constant(t))

X87(fst, store(t, Operation::store, false, 0))
X87(fstp, store(t, Operation::store, false, 1))
X87(fstpnce, move(t, Operation::copy_if_any, 1))
X87(fist, store(t, Operation::store, true, 0))
X87(fistp, store(t, Operation::store, true, 1))
X87(fisttp, store(t, Operation::store_truncated, true, 1))
X87(fbstp, store(t, Operation::store, true, 1))

X87(fxch, move(t, Operation::exchange))
X87(ffree, move(t, Operation::free))
X87(ffreep, move(t, Operation::free, 1))
X87(fincstp, move(t, Operation::rotate_up))
X87(fdecstp, move(t, Operation::rotate_down))
X87(fcmovb, move_if(t, 2))
X87(fcmovnb, move_if(t, 3))
X87(fcmove, move_if(t, 4))
X87(fcmovne, move_if(t, 5))
X87(fcmovbe, move_if(t, 6))
X87(fcmovnbe, move_if(t, 7))
X87(fcmovu, move_if(t, 10))
X87(fcmovnu, move_if(t, 11))

X87(fchs, transform(t, Operation::change_sign))
X87(fabs, transform(t, Operation::absolute))
X87(ftst, transform(t, Operation::test))
X87(fxam, transform(t, Operation::examine))
X87(fsqrt, transform(t, Operation::square_root))
X87(frndint, transform(t, Operation::round))
X87(fscale, transform(t, Operation::scale))
X87(fxtract, transform(t, Operation::extract))
X87(fprem, transform(t, Operation::remainder))
X87(fprem1, transform(t, Operation::nearest_remainder))
X87(fsin, transform(t, Operation::sine))
X87(fcos, transform(t, Operation::cosine))
X87(fsincos, transform(t, Operation::sine_and_cosine))
X87(fptan, transform(t, Operation::tangent))
X87(fpatan, transform(t, Operation::arctangent))
X87(f2xm1, transform(t, Operation::power_of_two))
X87(fyl2x, transform(t, Operation::logarithm))
X87(fyl2xp1, transform(t, Operation::logarithm_near_one))

X87(fnstcw, store_word(t, HelperNumber::x87_control_word))
X87(fnstsw, store_word(t, HelperNumber::x87_status_word))
X87(fnclex, call_with_length(t, HelperNumber::x87_clear_exceptions))
X87(fninit, call_with_length(t, HelperNumber::x87_initialize))
// Of the 8087 and the 80287; later units do nothing for them.
X87(feni, available(t))
X87(fdisi, available(t))
X87(fsetpm, available(t))

#undef X87

void fnop(BlockTranslation& t) {
    if (begin(t)) note_instruction(t);
}

void fldcw(BlockTranslation& t) {
    if (!begin(t)) return;
    t.call(HelperNumber::x87_load_control, t.read(0), t.constant(t.instruction().length));
}

void fnstenv(BlockTranslation& t) {
    if (available(t)) environment(t, HelperNumber::x87_store_environment, false, true);
}
void fnsave(BlockTranslation& t) {
    if (available(t)) environment(t, HelperNumber::x87_store_environment, true, true);
}
void fldenv(BlockTranslation& t) {
    if (begin(t)) environment(t, HelperNumber::x87_load_environment, false, false);
}
void frstor(BlockTranslation& t) {
    if (begin(t)) environment(t, HelperNumber::x87_load_environment, true, false);
}

// CR0.EM doesn't matter to it.
void fwait(BlockTranslation& t) {
    if (t.mode().wait_traps) return t.raise(exception(vector::nm));
    waits_for_x87(t);
}

} // namespace translators
} // namespace orrery::x86
