// How a block ends: linkable jumps within the guest page, a look into the jump table for everything else.
#include "jit/baseline/block_emitter.hpp"

#include <bit>

#include "jit/runtime/flow.hpp"

namespace orrery::jit::baseline {
namespace {

constexpr u32 jump_entry_log2 = std::bit_width(sizeof(JumpEntry)) - 1;
static_assert(sizeof(JumpEntry) == u64{1} << jump_entry_log2);
constexpr i32 jump_entry_mask = static_cast<i32>((jump_entries - 1) << jump_entry_log2);

} // namespace

void BlockEmitter::emit_terminal() {
    if (check_leave_) begin_guest_instruction();
    if (const auto* next = std::get_if<ir::Goto>(&block_->terminal))
        return emit_goto(next->pc, flow_to(*block_, next->pc, flow_of(next->kind)));
    if (const auto* branch = std::get_if<ir::Branch>(&block_->terminal)) return emit_branch(*branch);
    if (const auto* indirect = std::get_if<ir::Indirect>(&block_->terminal)) return emit_indirect(*indirect);
    if (const auto* raise = std::get_if<ir::Raise>(&block_->terminal)) return emit_raise(*raise);
    const auto& leave = std::get<ir::Leave>(block_->terminal);
    if (leave.pc_in_state) return hot_.jmp(thunks_.exit_leave_in_state);
    hot_.mov(Size::qword, Gpr::rax, leave.pc);
    hot_.jmp(thunks_.exit_leave);
}

void BlockEmitter::emit_goto(u64 pc, Flow flow) {
    if (linkable(pc))
        emit_link(pc, flow);
    else
        emit_jump_table_probe(pc, flow);
}

void BlockEmitter::cold_exit(const std::array<const u8*, flows>& thunks, Flow flow) {
    if (flow != Flow::on) cold_.mov(Size::qword, Gpr::rdx, last_pc_);
    cold_jump(thunks[static_cast<std::size_t>(flow)]);
}

// Follows a patchable jump whose displacement ends at the hot code's end.
void BlockEmitter::emit_link_stub(u64 pc, Flow flow) {
    const u32 displacement = hot_offset() - 4;
    links_.push_back({displacement, cold_offset(), pc});
    cold_.mov(Size::qword, Gpr::rax, pc);
    cold_.lea(Size::qword, Gpr::rcx, Mem::rip(0));
    cold_to_hot_.push_back({cold_offset(), displacement});
    cold_exit(thunks_.exit_link, flow);
}

void BlockEmitter::emit_link(u64 pc, Flow flow) {
    hot_.jmp_patchable(static_cast<const u8*>(hot_.cursor()));
    emit_link_stub(pc, flow);
}

void BlockEmitter::emit_conditional_link(Condition condition, u64 pc, Flow flow) {
    hot_.jcc_patchable(condition, static_cast<const u8*>(hot_.cursor()));
    emit_link_stub(pc, flow);
}

void BlockEmitter::emit_branch(const ir::Branch& branch) {
    const Comparison compared = comparison(branch.condition, branch.type, branch.a, branch.b);
    compare(compared);
    const Flow taken = flow_to(*block_, branch.taken_pc, Flow::branch);
    const Flow not_taken = flow_to(*block_, branch.not_taken_pc, Flow::branch);
    if (linkable(branch.taken_pc)) {
        emit_conditional_link(compared.condition, branch.taken_pc, taken);
        return emit_goto(branch.not_taken_pc, not_taken);
    }
    if (linkable(branch.not_taken_pc)) {
        emit_conditional_link(invert(compared.condition), branch.not_taken_pc, not_taken);
        return emit_goto(branch.taken_pc, taken);
    }
    x64::Label taken_code;
    hot_.jcc(compared.condition, taken_code);
    emit_goto(branch.not_taken_pc, not_taken);
    hot_.bind(taken_code);
    emit_goto(branch.taken_pc, taken);
}

// Goes to the code that the jump table has for `pc`, which isn't in rcx, or leaves with Exit::lookup.
void BlockEmitter::emit_probe(Gpr pc, const Mem& entry_pc, const Mem& entry_tag, const Mem& entry_code, Flow flow) {
    const Gpr code = Gpr::rcx;
    hot_.cmp(Size::qword, pc, entry_pc);
    jump_cold(Condition::ne);
    hot_.mov(Size::dword, code, layout_.context(offsetof(Context, jump_tag)));
    hot_.cmp(Size::dword, code, entry_tag);
    jump_cold(Condition::ne);
    hot_.mov(Size::dword, code, entry_code);
    hot_.add(Size::qword, code, layout_.context(offsetof(Context, code_base)));
    hot_.jmp(code);
    if (pc != Gpr::rax) cold_.mov(Size::qword, Gpr::rax, pc);
    cold_exit(thunks_.exit_lookup, flow);
}

void BlockEmitter::emit_jump_table_probe(u64 pc, Flow flow) {
    const auto entry = static_cast<std::size_t>((pc >> 1) % jump_entries);
    const std::size_t offset = offsetof(Context, jumps) + sizeof(JumpEntry) * entry;
    hot_.mov(Size::qword, Gpr::rax, pc);
    emit_probe(Gpr::rax, layout_.context(offset + offsetof(JumpEntry, pc)),
               layout_.context(offset + offsetof(JumpEntry, tag)),
               layout_.context(offset + offsetof(JumpEntry, code_offset)), flow);
}

void BlockEmitter::emit_indirect(const ir::Indirect& indirect) {
    const Flow flow = flow_of(indirect.kind);
    const Operand operand = locations_.use(indirect.pc);
    if (operand.is_immediate()) return emit_jump_table_probe(operand.value, flow);
    const Gpr pc = locations_.in_register(indirect.pc);
    const Gpr entry = pc == Gpr::rax ? Gpr::rdx : Gpr::rax;
    const i32 table = layout_.displacement(offsetof(Context, jumps));
    const auto member = [&](std::size_t offset) {
        return Mem::at(base_register, entry, 1, table + static_cast<i32>(offset));
    };
    // pc >> 1, times the size of an entry. Nothing else lives any more, so every scratch register is free.
    hot_.mov(Size::dword, entry, pc);
    hot_.shl(Size::dword, entry, jump_entry_log2 - 1);
    hot_.and_(Size::dword, entry, jump_entry_mask);
    if (pc == Gpr::rcx) {
        hot_.mov(Size::qword, Gpr::rdx, pc);
        return emit_probe(Gpr::rdx, member(offsetof(JumpEntry, pc)), member(offsetof(JumpEntry, tag)),
                          member(offsetof(JumpEntry, code_offset)), flow);
    }
    emit_probe(pc, member(offsetof(JumpEntry, pc)), member(offsetof(JumpEntry, tag)),
               member(offsetof(JumpEntry, code_offset)), flow);
}

void BlockEmitter::emit_raise(const ir::Raise& raise) {
    hot_.mov(Size::qword, Gpr::rax, raise.code);
    hot_.mov(Size::qword, layout_.context(offsetof(Context, exit_code)), Gpr::rax);
    hot_.mov(Size::qword, Gpr::rax, raise.value);
    hot_.mov(Size::qword, layout_.context(offsetof(Context, exit_value)), Gpr::rax);
    hot_.mov(Size::qword, Gpr::rax, last_pc_);
    hot_.jmp(thunks_.exit_raise);
}

} // namespace orrery::jit::baseline
