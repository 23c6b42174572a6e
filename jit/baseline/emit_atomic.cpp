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
    const bool pinned = locations_.has_pinned_destination();
    const Gpr target = pinned ? locations_.destination() : Gpr::rax;
    const Probe found = reserve_probe(); // before the first branch, since it may move values
    const u32 cold = cold_offset();
    hot_.test(Size::byte, at.base, static_cast<i32>(access.size_bytes() - 1));
    jump_cold(Condition::ne);
    emit_probe(found, at, access, offsetof(TlbEntry, write_tag), 1);
    const Gpr to = pinned ? target : found.spare;
    hot_.jcc_open(Condition::ne);
    hot_to_cold_.push_back({hot_offset(), cold});
    hot_.mov(Size::qword, found.entry,
             Mem::at(base_register, found.entry, 1,
                     layout_.displacement(offsetof(Context, tlb) + offsetof(TlbEntry, addend))));
    const Mem memory = Mem::at(at.base, found.entry, 1);
    locations_.load(found.spare, value);
    if (access.atomic == AtomicOp::add)
        hot_.lock_xadd(size, memory, found.spare);
    else
        hot_.xchg(size, memory, found.spare);
    if (size == Size::dword)
        hot_.movsxd(to, found.spare);
    else if (to != found.spare)
        hot_.mov(size, to, found.spare);
    const u32 lost = (1u << x64::number(found.entry)) | (1u << x64::number(found.spare));
    emit_cold_access(instruction, at, &value, thunks_.amo, lost, to);
    locations_.define(index, to);
    jump_back();
}

// Cheaper than mfence, and the same for ordinary memory.
void BlockEmitter::emit_fence() { hot_.lock_or(Size::dword, Mem::at(Gpr::rsp, fence_bytes), 0); }

} // namespace orrery::jit::baseline
