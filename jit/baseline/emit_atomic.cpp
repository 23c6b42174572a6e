// Atomic memory operations and fences.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::AtomicOp;
using ir::no_value;

// An access that always goes through C++: address in rax, value in rcx.
void BlockEmitter::emit_slow_access(u16 index, const u8* thunk) {
    const ir::Instruction& instruction = block_->instructions[index];
    locations_.save_for_call(false);
    locations_.settle_argument(instruction.a, Gpr::rax);
    if (instruction.b != no_value) locations_.settle_argument(instruction.b, Gpr::rcx);
    locations_.load(Gpr::rax, locations_.locate(instruction.a));
    if (instruction.b != no_value) locations_.load(Gpr::rcx, locations_.locate(instruction.b));
    hot_.mov(Size::dword, Gpr::rdx, u32{instruction.aux});
    hot_.call(thunk);
    add_site(hot_sites_, hot_offset());
    locations_.forget_after_call(false);
    vectors_.forget_all();
    define_result_of_call(index);
}

void BlockEmitter::emit_amo(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const AtomicOp op = ir::MemoryAccess::unpack(instruction.aux).atomic;
    if (op == AtomicOp::swap || op == AtomicOp::add)
        emit_amo_inline(index);
    else
        emit_slow_access(index, thunks_.amo);
}

// The host's locked instruction on the host's memory; the cold path does what isn't aligned or not in the TLB.
void BlockEmitter::emit_amo_inline(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const auto access = ir::MemoryAccess::unpack(instruction.aux);
    const Size size = static_cast<Size>(access.size_log2);
    const Address at = address(instruction);
    if (const Operand value = locations_.locate(instruction.b);
        value.is_register() && is_scratch(value.reg) && is_scratch(at.base) && value.reg != at.base)
        locations_.move_out(instruction.b);
    const Operand value = locations_.use(instruction.b);
    const Gpr to = locations_.has_pinned_destination() ? locations_.destination() : Gpr::rcx;
    const u32 cold = cold_offset();
    hot_.test(Size::byte, at.base, static_cast<i32>(access.size_bytes() - 1));
    hot_.jcc_open(Condition::ne);
    hot_to_cold_.push_back({hot_offset(), cold});
    emit_tlb_check(at, access, true, 1);
    const Mem memory = Mem::at(at.base, Gpr::rax, 1);
    locations_.load(Gpr::rcx, value);
    if (access.atomic == AtomicOp::add)
        hot_.lock_xadd(size, memory, Gpr::rcx);
    else
        hot_.xchg(size, memory, Gpr::rcx);
    if (size == Size::dword)
        hot_.movsxd(to, Gpr::rcx);
    else if (to != Gpr::rcx)
        hot_.mov(size, to, Gpr::rcx);
    emit_cold_access(instruction, at, &value, thunks_.amo, to);
    locations_.define(index, to);
    jump_back();
}

// Cheaper than mfence, and the same for ordinary memory.
void BlockEmitter::emit_fence() { hot_.lock_or(Size::dword, Mem::at(Gpr::rsp, fence_bytes), 0); }

} // namespace orrery::jit::baseline
