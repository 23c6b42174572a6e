#include "jit/baseline/thunks.hpp"

namespace orrery::jit::baseline {
namespace {

using x64::Condition;

constexpr std::array callee_saved = {Gpr::rbx, Gpr::rbp, Gpr::r12, Gpr::r13, Gpr::r14, Gpr::r15};
constexpr std::size_t slow_offset = offsetof(Context, slow);

constexpr bool survives_call(Gpr reg) {
    for (const Gpr saved : callee_saved)
        if (saved == reg) return true;
    return false;
}

} // namespace

const u8* ThunkEmitter::start() {
    a_.align(16);
    return a_.cursor();
}

void ThunkEmitter::store_pinned() {
    for (const u16 slot : layout_.pinned_slots())
        a_.mov(Size::qword, layout_.slot(slot), layout_.pinned_register(slot));
}

void ThunkEmitter::load_pinned(bool all) {
    for (const u16 slot : layout_.pinned_slots()) {
        const Gpr reg = layout_.pinned_register(slot);
        if (all || !survives_call(reg)) a_.mov(Size::qword, reg, layout_.slot(slot));
    }
}

// On every way to C++: the guest's MXCSR goes back to its slot. Changes no register.
void ThunkEmitter::restore_float_control() {
    if (!layout_.float_control()) return;
    x64::Label done;
    a_.cmp(Size::dword, layout_.context(offsetof(Context, float_live)), 0);
    a_.jcc_short(Condition::e, done);
    a_.stmxcsr(layout_.slot(*layout_.float_control()));
    a_.ldmxcsr(layout_.context(offsetof(Context, host_float_control)));
    a_.mov(Size::dword, layout_.context(offsetof(Context, float_live)), 0);
    a_.bind(done);
}

// C++ calls it with rdi = context, rsi = code.
void ThunkEmitter::emit_enter() {
    for (const Gpr reg : callee_saved) a_.push(reg);
    a_.sub(Size::qword, Gpr::rsp, frame_bytes);
    a_.lea(Size::qword, base_register, Mem::at(Gpr::rdi, layout_.bias()));
    a_.mov(Size::qword, layout_.context(offsetof(Context, host_stack)), Gpr::rsp);
    a_.mov(Size::qword, Gpr::rax, Gpr::rsi);
    load_pinned(true);
    a_.mov(Size::qword, budget_register, layout_.context(offsetof(Context, budget)));
    a_.jmp(Gpr::rax);
}

const u8* ThunkEmitter::emit_exit(Exit exit, bool has_pc) {
    const u8* const place = start();
    if (has_pc) a_.mov(Size::qword, layout_.pc(), Gpr::rax);
    a_.mov(Size::dword, layout_.context(offsetof(Context, exit)), static_cast<i32>(exit));
    a_.jmp(exit_with_state_in_registers_);
    return place;
}

const u8* ThunkEmitter::emit_exit(Exit exit, Flow flow) {
    const u8* const place = start();
    if (exit == Exit::link) a_.mov(Size::qword, layout_.context(offsetof(Context, exit_link)), Gpr::rcx);
    if (flow != Flow::on) a_.mov(Size::qword, layout_.context(offsetof(Context, exit_from)), Gpr::rdx);
    a_.mov(Size::dword, layout_.context(offsetof(Context, exit_flow)), static_cast<i32>(flow));
    a_.mov(Size::qword, layout_.pc(), Gpr::rax);
    a_.mov(Size::dword, layout_.context(offsetof(Context, exit)), static_cast<i32>(exit));
    a_.jmp(exit_with_state_in_registers_);
    return place;
}

void ThunkEmitter::emit_exits(Thunks& thunks) {
    exit_with_state_in_registers_ = start();
    restore_float_control();
    store_pinned();
    a_.mov(Size::qword, layout_.context(offsetof(Context, budget)), budget_register);
    exit_with_state_stored_ = a_.cursor();
    a_.mov(Size::qword, Gpr::rsp, layout_.context(offsetof(Context, host_stack)));
    a_.add(Size::qword, Gpr::rsp, frame_bytes);
    for (std::size_t i = callee_saved.size(); i-- > 0;) a_.pop(callee_saved[i]);
    a_.ret();
    exit_slow_stored_ = start();
    a_.mov(Size::dword, layout_.context(offsetof(Context, exit)), static_cast<i32>(Exit::slow));
    a_.jmp(exit_with_state_stored_);
    thunks.exit_budget = emit_exit(Exit::budget, true);
    for (u32 flow = 0; flow < flows; ++flow) {
        thunks.exit_link[flow] = emit_exit(Exit::link, static_cast<Flow>(flow));
        thunks.exit_lookup[flow] = emit_exit(Exit::lookup, static_cast<Flow>(flow));
    }
    thunks.exit_leave = emit_exit(Exit::leave, true);
    thunks.exit_leave_in_state = emit_exit(Exit::leave, false);
    thunks.exit_raise = emit_exit(Exit::raise, true);
    thunks.exit_slow = emit_exit(Exit::slow, false);
}

const u8* ThunkEmitter::emit_slow_path(std::size_t function_offset, LeaveBehind behind) {
    const u8* const place = start();
    const Mem leave = layout_.context(offsetof(Context, leave));
    const Mem budget = layout_.context(offsetof(Context, budget));
    restore_float_control();
    store_pinned();
    a_.mov(Size::qword, budget, budget_register);
    a_.mov(Size::qword, Gpr::rsi, Mem::at(Gpr::rsp));
    a_.mov(Size::qword, layout_.context(offsetof(Context, return_address)), Gpr::rsi);
    a_.mov(Size::qword, Gpr::rsi, Gpr::rax);
    a_.lea(Size::qword, Gpr::rdi, Mem::at(base_register, -layout_.bias()));
    a_.call(layout_.context(function_offset));
    load_pinned(false);
    a_.mov(Size::qword, budget_register, budget);
    // An earlier store of the same guest instruction may have made the request that is honoured at its end.
    static_assert(static_cast<u32>(LeaveRequest::none) == 0 && static_cast<u32>(LeaveRequest::after) == 1);
    a_.cmp(Size::dword, leave, behind == LeaveBehind::at_once ? 0 : 1);
    a_.jcc(Condition::a, exit_slow_stored_);
    if (behind == LeaveBehind::dropped) a_.mov(Size::dword, leave, 0);
    a_.ret();
    return place;
}

const u8* ThunkEmitter::emit_refill(u8 memo, bool write) {
    const u8* const place = start();
    const auto entry = [&](std::size_t offset) {
        return Mem::at(base_register, Gpr::rdx, 1, layout_.displacement(offsetof(Context, tlb) + offset));
    };
    const Mem start = layout_.memo_field(memo, offsetof(AddressMemo, start));
    const Mem read_bytes = layout_.memo_field(memo, offsetof(AddressMemo, read_bytes));
    const Mem write_bytes = layout_.memo_field(memo, offsetof(AddressMemo, write_bytes));
    const Mem addend = layout_.memo_field(memo, offsetof(AddressMemo, addend));
    x64::Label miss, fresh, known;
    a_.push(Gpr::rdx);
    a_.mov(Size::dword, Gpr::rdx, Gpr::rax);
    a_.shr(Size::dword, Gpr::rdx, tlb_shift);
    a_.xor_(Size::dword, Gpr::rdx, layout_.context(offsetof(Context, tlb_salt)));
    a_.and_(Size::dword, Gpr::rdx, tlb_mask);
    a_.and_(Size::qword, Gpr::rcx, page_mask);
    a_.or_(Size::qword, Gpr::rcx, layout_.context(offsetof(Context, data_tag)));
    a_.cmp(Size::qword, Gpr::rcx, entry(write ? offsetof(TlbEntry, write_tag) : offsetof(TlbEntry, read_tag)));
    a_.jcc_short(Condition::ne, miss);
    a_.and_(Size::qword, Gpr::rcx, page_mask);
    a_.mov(Size::qword, Gpr::rax, entry(offsetof(TlbEntry, addend)));
    a_.cmp(Size::qword, Gpr::rcx, start);
    a_.jcc_short(Condition::ne, fresh);
    a_.cmp(Size::qword, Gpr::rax, addend);
    a_.jcc_short(Condition::e, known);
    a_.bind(fresh);
    a_.mov(Size::qword, start, Gpr::rcx);
    a_.mov(Size::qword, addend, Gpr::rax);
    a_.mov(Size::qword, write ? read_bytes : write_bytes, 0);
    a_.bind(known);
    a_.mov(Size::qword, write ? write_bytes : read_bytes, static_cast<i32>(memo_bytes));
    a_.cmp(Size::dword, Gpr::rcx, Gpr::rcx);
    a_.bind(miss);
    a_.pop(Gpr::rdx);
    a_.ret();
    return place;
}

// Entered from a helper's own thunk with the budget stored and the function in its register.
const u8* ThunkEmitter::emit_helper_call(bool writes_slots, bool may_leave) {
    const u8* const place = start();
    restore_float_control();
    store_pinned();
    a_.mov(Size::qword, Gpr::rsi, Mem::at(Gpr::rsp));
    a_.mov(Size::qword, layout_.context(offsetof(Context, return_address)), Gpr::rsi);
    a_.mov(Size::qword, Gpr::rsi, Gpr::rax);
    a_.mov(Size::qword, Gpr::rdi, layout_.context(offsetof(Context, self)));
    a_.call(budget_register);
    load_pinned(writes_slots);
    a_.mov(Size::qword, budget_register, layout_.context(offsetof(Context, budget)));
    if (may_leave) {
        a_.cmp(Size::dword, layout_.context(offsetof(Context, leave)), 1);
        a_.jcc(Condition::a, exit_slow_stored_);
    }
    a_.ret();
    return place;
}

const u8* ThunkEmitter::emit_helper(const ir::HelperInfo& helper) {
    const u8* const place = start();
    a_.mov(Size::qword, layout_.context(offsetof(Context, budget)), budget_register);
    a_.mov(Size::qword, budget_register, reinterpret_cast<u64>(helper.function));
    a_.jmp(helper_calls_[(helper.writes_slots ? 2 : 0) + (helper.may_leave ? 1 : 0)]);
    return place;
}

Thunks ThunkEmitter::emit() {
    Thunks thunks;
    emit_enter();
    emit_exits(thunks);
    thunks.load = emit_slow_path(slow_offset + offsetof(SlowPaths, load), LeaveBehind::later);
    thunks.store = emit_slow_path(slow_offset + offsetof(SlowPaths, store), LeaveBehind::at_once);
    thunks.store_first = emit_slow_path(slow_offset + offsetof(SlowPaths, store), LeaveBehind::later);
    thunks.store_last = emit_slow_path(slow_offset + offsetof(SlowPaths, store), LeaveBehind::dropped);
    thunks.amo = emit_slow_path(slow_offset + offsetof(SlowPaths, amo), LeaveBehind::later);
    thunks.load_reserved = emit_slow_path(slow_offset + offsetof(SlowPaths, load_reserved), LeaveBehind::later);
    thunks.store_conditional = emit_slow_path(slow_offset + offsetof(SlowPaths, store_conditional), LeaveBehind::later);
    for (std::size_t i = 0; i < helper_calls_.size(); ++i)
        helper_calls_[i] = emit_helper_call((i & 2) != 0, (i & 1) != 0);
    for (u8 i = 0; i < address_memos; ++i) {
        thunks.refill_read[i] = emit_refill(i, false);
        thunks.refill_write[i] = emit_refill(i, true);
    }
    for (const ir::HelperInfo& helper : guest_.helpers) thunks.helpers.push_back(emit_helper(helper));
    return thunks;
}

} // namespace orrery::jit::baseline
