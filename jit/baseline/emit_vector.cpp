// Calls that are one SSE2 instruction, executed in place. No vector register holds anything between IR instructions.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::HostVector;
using ir::no_value;
using x64::Xmm;

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
    hot_.movhps(to, layout_.slot(slot + 1U));
}

// Leaves a pair in `to`, and changes the two registers behind it.
void BlockEmitter::execute_pair(const HostVector& vector, const HostVector::Pairs& slots, Xmm to) {
    const auto behind = [to](u8 by) { return static_cast<Xmm>(static_cast<u8>(to) + by); };
    load_vector(to, slots.a);
    load_vector(behind(1), slots.b);
    const Size size = vector.wide ? Size::qword : Size::dword;
    if (!vector.fused) return hot_.vector(vector.prefix, vector.opcode, size, to, behind(1), vector.immediate);
    load_vector(behind(2), slots.c);
    hot_.fma(vector.opcode, vector.wide, to, behind(1), behind(2));
}

// Leaves a pair in xmm0, an upper one in xmm3.
void BlockEmitter::execute_host_vector(const HostVector& vector, Gpr result) {
    const Size size = vector.wide ? Size::qword : Size::dword;
    if (vector.result == HostVector::Result::value) {
        load_vector(Xmm::xmm1, vector.b);
        return hot_.vector(vector.prefix, vector.opcode, size, result, Xmm::xmm1, vector.immediate);
    }
    if (vector.b_is_integer) {
        load_vector(Xmm::xmm0, vector.a);
        return hot_.vector(vector.prefix, vector.opcode, size, Xmm::xmm0, layout_.slot(vector.b));
    }
    execute_pair(vector, {.a = vector.a, .b = vector.b, .c = vector.c}, Xmm::xmm0);
    if (vector.upper) execute_pair(vector, *vector.upper, Xmm::xmm3);
    if (vector.result != HostVector::Result::flags) return;
    constexpr i32 zero_parity_carry = 0x45;
    hot_.lahf();
    hot_.shr(Size::dword, result, 8);
    hot_.and_(Size::dword, result, zero_parity_carry);
}

// The guest's MXCSR is the host's before and behind the instruction: so it raised no flag that the guest's didn't hold,
// and computed by the guest's rules. Else the call computes it again.
void BlockEmitter::emit_control_check(const ir::Instruction& call, u16 control) {
    const Mem stored = Mem::at(Gpr::rsp, saved_scratch_bytes);
    hot_.stmxcsr(stored);
    hot_.mov(Size::dword, Gpr::rcx, stored);
    hot_.cmp(Size::dword, Gpr::rcx, layout_.slot(control));
    jump_cold(Condition::ne);
    cold_.mov(Size::qword, Gpr::rax, block_->instructions[call.a].imm);
    cold_.mov(Size::qword, Gpr::rdx, block_->instructions[call.b].imm);
    cold_.xor_(Size::dword, Gpr::rcx, Gpr::rcx);
    cold_call(thunks_.helpers[call.imm]);
    add_site(cold_sites_, cold_offset());
}

void BlockEmitter::overwrite_pair(u16 slot) {
    locations_.overwrite(slot);
    locations_.overwrite(static_cast<u16>(slot + 1));
}

void BlockEmitter::emit_host_vector(u16 index, const HostVector& vector) {
    const bool is_pair = vector.result == HostVector::Result::pair;
    const bool used = is_pair || facts_[index].last_use != 0;
    if (!used && !vector.control) return;
    // What lives in slots that change moves first; and then nothing is in the way of a call.
    if (is_pair) overwrite_pair(vector.destination);
    if (vector.upper) overwrite_pair(vector.upper->destination);
    if (vector.control) {
        locations_.overwrite(*vector.control);
        locations_.take(Gpr::rcx);
        locations_.take(Gpr::rdx);
    }
    if (vector.control || !is_pair) locations_.take(Gpr::rax);
    execute_host_vector(vector, Gpr::rax);
    if (vector.control) emit_control_check(block_->instructions[index], *vector.control);
    if (is_pair) hot_.movups(layout_.slot(vector.destination), Xmm::xmm0);
    if (vector.upper) hot_.movups(layout_.slot(vector.upper->destination), Xmm::xmm3);
    if (vector.control) jump_back();
    if (!is_pair && used) locations_.define_in(Gpr::rax);
}

} // namespace orrery::jit::baseline
