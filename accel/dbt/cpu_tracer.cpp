#include "accel/dbt/cpu_tracer.hpp"

#include <variant>

namespace orrery::dbt {
namespace {

TraceJump jump_kind(ir::JumpKind kind) {
    switch (kind) {
    case ir::JumpKind::call:
        return TraceJump::call;
    case ir::JumpKind::ret:
        return TraceJump::ret;
    case ir::JumpKind::system:
        return TraceJump::other;
    case ir::JumpKind::plain:
        break;
    }
    return TraceJump::jump;
}

TraceJump kind_of(const ir::Terminal& terminal) {
    if (const auto* known = std::get_if<ir::Goto>(&terminal)) return jump_kind(known->kind);
    if (const auto* computed = std::get_if<ir::Indirect>(&terminal)) return jump_kind(computed->kind);
    return std::holds_alternative<ir::Branch>(terminal) ? TraceJump::conditional : TraceJump::other;
}

bool is_call(const ir::Terminal& terminal) { return kind_of(terminal) == TraceJump::call; }

} // namespace

void CpuTracer::begin(const jit::CompiledBlock& block, u64 retired) {
    block_ = &block;
    retired_ = retired;
    place_ = place(block.key.pc, block.key.mode, retired);
}

void CpuTracer::begins(u32 instruction) {
    place_.pc = block_->key.pc + block_->pc_offsets[instruction];
    place_.retired = retired_ + instruction;
    if (!passes(TraceKind::instructions, place_)) return;
    const u32 first = block_->pc_offsets[instruction];
    const u32 end = block_->pc_offsets[instruction + 1];
    if (first < end && end <= block_->traced_bytes.size())
        sink_.instruction(place_, std::span(block_->traced_bytes).subspan(first, end - first));
}

void CpuTracer::end(const jit::Context& context, u64 to) {
    const jit::CompiledBlock& block = *std::exchange(block_, nullptr);
    const bool slow = context.exit == jit::Exit::slow;
    // Left in the middle it goes elsewhere only where a helper says so.
    if (context.exit == jit::Exit::raise || (slow && context.leave != jit::LeaveRequest::in_state)) return;
    const u64 next = block.key.pc + block.pc_offsets[context.interpreted_instruction + 1];
    const ir::Terminal& terminal = block.ir->terminal;
    if (to == next && (slow || !is_call(terminal))) return;
    if (!passes(TraceKind::branches, place_)) return;
    sink_.branch(place_, slow ? TraceJump::other : kind_of(terminal), to);
}

void CpuTracer::accessed(u64 address, u64 size_bytes, bool write, u64 value) {
    if (!passes(TraceKind::memory, place_) || !TraceFilter::touches(filter_.data, address, size_bytes)) return;
    sink_.memory(place_, {address, value, static_cast<u8>(size_bytes), write});
}

void CpuTracer::accessed_by_helper(u64 address, u64 size_bytes, bool write, u64 value) {
    if (block_ || delivers_) accessed(address, size_bytes, write, value);
}

void CpuTracer::zeroed(u64 address, u64 size_bytes) {
    constexpr u64 widest = 8;
    for (u64 done = 0; done < size_bytes; done += widest) accessed_by_helper(address + done, widest, true, 0);
}

void CpuTracer::begin_delivery(u64 pc, u64 mode, u64 retired) {
    place_ = place(pc, mode, retired);
    delivers_ = true;
}

void CpuTracer::device(u64 pc, u64 mode, u64 retired, const TraceDeviceAccess& access) {
    const TracePlace where = place(pc, mode, retired);
    if (passes(TraceKind::devices, where)) sink_.device(where, access);
}

void CpuTracer::exception(u64 pc, u64 mode, u64 retired, Fault fault, u64 to) {
    const TracePlace where = place(pc, mode, retired);
    if (passes(TraceKind::exceptions, where)) sink_.exception(where, fault.code, fault.value, to);
}

void CpuTracer::interrupt(u64 pc, u64 mode, u64 retired, u64 code, u64 to) {
    const TracePlace where = place(pc, mode, retired);
    if (passes(TraceKind::exceptions, where)) sink_.interrupt(where, code, to);
}

} // namespace orrery::dbt
