// Calls that are one instruction of the host's vector unit, executed in place. Results stay in registers within the
// block (VectorRegisters), and go to their slots at once.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::HostVector;
using ir::no_value;

namespace {

// Whether only the lowest number of its second operand counts (SDM 1, 10.4.1): all but the conversions among vectors.
bool reads_scalar(const HostVector& vector) {
    constexpr u8 repne = 0xf2, rep = 0xf3;
    if (vector.fused) return false;
    switch (vector.opcode) {
    case 0x2e: // ucomis, comis
    case 0x2f:
        return true;
    case 0x51: // sqrt to max, but for and to xor, which have no such prefix, and cvttps2dq
    case 0x58:
    case 0x59:
    case 0x5a:
    case 0x5c:
    case 0x5d:
    case 0x5e:
    case 0x5f:
    case 0xc2: // cmp
        return vector.prefix == repne || vector.prefix == rep;
    default:
        return false;
    }
}

} // namespace

std::optional<HostVector> BlockEmitter::host_vector(u16 index) const {
    const ir::Instruction& call = block_->instructions[index];
    const ir::HelperInfo& helper = guest_.helpers[call.imm];
    if (!helper.host_vector || call.a == no_value || call.b == no_value) return std::nullopt;
    const ir::Instruction &a = block_->instructions[call.a], &b = block_->instructions[call.b];
    if (a.op != ir::Op::constant || b.op != ir::Op::constant) return std::nullopt;
    const auto vector = helper.host_vector(a.imm, b.imm);
    // One that writes slots has no result besides.
    const bool possible = vector && (vector->result != HostVector::Result::pair || facts_[index].last_use == 0);
    return possible ? vector : std::nullopt;
}

// Half by half: one that was just written by itself can be forwarded, which a load of both would wait for.
void BlockEmitter::load_vector(Xmm to, u16 slot) {
    hot_.movq(to, layout_.slot(slot));
    if (!vectors_.is_zero(static_cast<u16>(slot + 1))) hot_.movhps(to, layout_.slot(slot + 1U));
}

Xmm BlockEmitter::vector_in_register(u16 slot) {
    if (const auto held = vectors_.find(slot)) return *held;
    const Xmm reg = vectors_.take();
    load_vector(reg, slot);
    vectors_.hold(reg, slot);
    return reg;
}

// Behind a call in the cold code.
void BlockEmitter::reload_vectors() {
    for (std::size_t i = 0; i < VectorRegisters::count; ++i) {
        const Xmm reg = static_cast<Xmm>(i);
        if (const auto slot = vectors_.held(reg)) cold_.movups(reg, layout_.slot(*slot));
    }
}

void BlockEmitter::note_put(const ir::Instruction& put) {
    const ir::Instruction& value = block_->instructions[put.a];
    vectors_.forget(static_cast<u16>(put.imm), value.op == ir::Op::constant && value.imm == 0);
}

// Not FMA's.
void BlockEmitter::execute(const HostVector& vector, Xmm to, u16 b) {
    const Size size = vector.wide ? Size::qword : Size::dword;
    if (vector.b_is_integer) return hot_.vector(vector.prefix, vector.opcode, size, to, layout_.slot(b));
    const auto held = vectors_.find(b);
    if (!held && reads_scalar(vector))
        return hot_.vector(vector.prefix, vector.opcode, size, to, layout_.slot(b), vector.immediate);
    hot_.vector(vector.prefix, vector.opcode, size, to, held ? *held : vector_in_register(b), vector.immediate);
}

// The register of the result, `a`'s own where that changes anyway.
Xmm BlockEmitter::execute_pair(const HostVector& vector, const HostVector::Pairs& slots, bool in_place) {
    const Xmm a = vector_in_register(slots.a);
    Xmm to = a;
    if (!in_place) {
        to = vectors_.take();
        hot_.movaps(to, a);
    }
    if (vector.fused) {
        const Xmm b = vector_in_register(slots.b), c = vector_in_register(slots.c);
        hot_.fma(vector.opcode, vector.wide, to, b, c);
    } else {
        execute(vector, to, slots.b);
    }
    return to;
}

// Both halves are computed before either is written.
void BlockEmitter::emit_pairs(const HostVector& vector) {
    const bool in_place = vector.destination == vector.a && !vector.upper;
    const Xmm lower = execute_pair(vector, {.a = vector.a, .b = vector.b, .c = vector.c}, in_place);
    const Xmm upper = vector.upper ? execute_pair(vector, *vector.upper, false) : lower;
    vectors_.hold(lower, vector.destination);
    if (in_place && reads_scalar(vector))
        hot_.movq(layout_.slot(vector.destination), lower);
    else
        hot_.movups(layout_.slot(vector.destination), lower);
    if (!vector.upper) return;
    vectors_.hold(upper, vector.upper->destination);
    hot_.movups(layout_.slot(vector.upper->destination), upper);
}

// What isn't a pair goes to `result`.
void BlockEmitter::execute_host_vector(const HostVector& vector, Gpr result) {
    const Size size = vector.wide ? Size::qword : Size::dword;
    switch (vector.result) {
    case HostVector::Result::pair:
        return emit_pairs(vector);
    case HostVector::Result::value:
        return hot_.vector(vector.prefix, vector.opcode, size, result, vector_in_register(vector.b), vector.immediate);
    case HostVector::Result::flags:
        break;
    }
    execute(vector, vector_in_register(vector.a), vector.b);
    constexpr i32 zero_parity_carry = 0x45;
    hot_.lahf();
    hot_.shr(Size::dword, result, 8);
    hot_.and_(Size::dword, result, zero_parity_carry);
}

// Floating point runs with the guest's MXCSR in the host's, which gathers the guest's flags. The way to C++ takes it
// out again, so that it has to be put in where it isn't. With an exception unmasked it never is: the cold code goes to
// `unmasked`.
void BlockEmitter::emit_float_check(x64::Label& unmasked) {
    constexpr i32 masks = 0x1f80;
    const Mem live = layout_.context(offsetof(Context, float_live));
    const Mem control = layout_.slot(*layout_.float_control());
    hot_.cmp(Size::dword, live, 0);
    jump_cold(Condition::e);
    cold_.mov(Size::dword, Gpr::rax, control);
    cold_.and_(Size::dword, Gpr::rax, masks);
    cold_.cmp(Size::dword, Gpr::rax, masks);
    cold_.jcc(Condition::ne, unmasked);
    cold_.ldmxcsr(control);
    cold_.mov(Size::dword, live, 1);
    jump_back();
}

// From the cold code, behind what was executed in place; its result, if it has one, is in rax.
void BlockEmitter::emit_call_instead(const ir::Instruction& call) {
    cold_.mov(Size::qword, Gpr::rax, block_->instructions[call.a].imm);
    cold_.mov(Size::qword, Gpr::rdx, block_->instructions[call.b].imm);
    cold_.xor_(Size::dword, Gpr::rcx, Gpr::rcx);
    cold_call(thunks_.helpers[call.imm]);
    add_site(cold_sites_, cold_offset());
    reload_vectors();
    jump_back();
}

void BlockEmitter::overwrite_pair(u16 slot) {
    locations_.overwrite(slot);
    locations_.overwrite(static_cast<u16>(slot + 1));
}

void BlockEmitter::emit_host_vector(u16 index, const HostVector& vector) {
    const bool is_pair = vector.result == HostVector::Result::pair;
    const bool used = is_pair || facts_[index].last_use != 0;
    if (!used && !vector.floating) return;
    // What lives in slots that change moves first; and then nothing is in the way of a call.
    if (is_pair) overwrite_pair(vector.destination);
    if (vector.upper) overwrite_pair(vector.upper->destination);
    if (vector.floating) {
        locations_.take(Gpr::rcx);
        locations_.take(Gpr::rdx);
    }
    if (vector.floating || !is_pair) locations_.take(Gpr::rax);
    x64::Label unmasked;
    if (vector.floating) emit_float_check(unmasked);
    execute_host_vector(vector, Gpr::rax);
    if (vector.floating) {
        cold_.bind(unmasked);
        emit_call_instead(block_->instructions[index]);
    }
    vectors_.unlock();
    if (!is_pair && used) locations_.define_in(Gpr::rax);
}

} // namespace orrery::jit::baseline
