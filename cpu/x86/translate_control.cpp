// Control transfers (SDM 1, 5.1.7; near ones of 6.3), interrupts by instruction, and strings.
#include "cpu/x86/translate.hpp"

#include <bit>

#include "cpu/x86/interrupts.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

// From an offset in CS to the linear address: 16-bit operands cut it.
u64 target_of(const BlockTranslation& t, u64 offset) {
    if (t.is_64()) return offset;
    const u64 cut = t.operand_size() == 2 ? offset & 0xffff : offset & mask(Size::dword);
    return (t.mode().code_base + cut) & mask(Size::dword);
}

u64 next_offset(const BlockTranslation& t) {
    return t.is_64() ? t.next_pc() : (t.next_pc() - t.mode().code_base) & mask(Size::dword);
}

u64 branch_target(const BlockTranslation& t) {
    return target_of(t, next_offset(t) + static_cast<u64>(t.instruction().immediate));
}

// An offset that is known only when it runs.
Value dynamic_target(BlockTranslation& t, Value offset) {
    if (t.is_64()) return offset;
    const Value cut = t.zero_extend(offset, t.operand_size());
    return t.binary(IrOp::add, cut, u64{t.mode().code_base}, ir::Type::i32);
}

void count_down_and_jump(BlockTranslation& t, std::optional<bool> wanted_zero_flag) {
    const u32 size = t.instruction().address_size;
    const Value count = t.zero_extend(t.binary(IrOp::sub, t.gpr(gpr::rcx, size), u64{1}), size);
    Value taken = t.ir().compare(ir::Condition::ne, count, t.constant(0));
    if (wanted_zero_flag) taken = t.binary(IrOp::and_, taken, t.condition(*wanted_zero_flag ? 4 : 5));
    t.put_gpr(gpr::rcx, size, count);
    t.jump_if({ir::Condition::ne, ir::Type::i64, taken, t.constant(0)}, branch_target(t));
}

// The selector and the offset that a far transfer names.
struct FarPointer {
    Value selector;
    Value offset;
};

FarPointer far_pointer(BlockTranslation& t) {
    const Instruction& i = t.instruction();
    if (!i.has_memory) return {t.constant(i.immediate2), t.constant(static_cast<u64>(i.immediate))};
    const u32 size = t.operand_size();
    const Value address = t.linear(i.memory.segment, t.effective_address(), size + 2, false);
    return {t.load(t.binary(IrOp::add, address, u64{size}), 2), t.load(address, size)};
}

void transfer_far(BlockTranslation& t, HelperNumber helper) {
    const FarPointer to = far_pointer(t);
    t.call(helper, to.selector, to.offset, t.constant(t.operand_size() | u32{t.instruction().length} << 8));
    t.leave_with_rip_trapped();
}

void interrupt(BlockTranslation& t, u8 vector, EventKind kind) {
    t.call(HelperNumber::software_interrupt, t.constant(vector), t.constant(t.instruction().length),
           t.constant(static_cast<u64>(kind)));
    t.leave_with_rip();
}

void raise_undefined(BlockTranslation& t) { t.raise(exception(vector::ud)); }

// By one element, down where DF is set.
void advance(BlockTranslation& t, u32 number, u32 size) {
    const Value down = t.binary(IrOp::and_, t.ir().get(slot::rflags), u64{flag::direction});
    const u64 twice_size_shift =
        static_cast<u64>(std::countr_zero(flag::direction)) - static_cast<u64>(std::bit_width(size));
    const Value step = t.binary(IrOp::sub, t.constant(size), t.binary(IrOp::shr, down, twice_size_shift));
    const u32 address_size = t.instruction().address_size;
    t.put_gpr(number, address_size, t.binary(IrOp::add, t.gpr(number, address_size), step));
}

// movs, stos or lods of one element.
void move_element(BlockTranslation& t, StringRequest::Operation operation, u32 size) {
    using Operation = StringRequest::Operation;
    const Instruction& i = t.instruction();
    const auto pointer = [&](u32 number) { return t.gpr(number, i.address_size); };
    const Value element = operation == Operation::stos
                              ? t.gpr(gpr::rax, size)
                              : t.load(t.linear(i.memory.segment, pointer(gpr::rsi), size, false), size);
    if (operation == Operation::lods)
        t.put_gpr(gpr::rax, size, element);
    else
        t.store(t.linear(Segment::es, pointer(gpr::rdi), size, true), size, element);
    if (operation != Operation::stos) advance(t, gpr::rsi, size);
    if (operation != Operation::lods) advance(t, gpr::rdi, size);
}

void string(BlockTranslation& t, StringRequest::Operation operation, std::size_t element_operand) {
    const Instruction& i = t.instruction();
    const StringRequest request{.operation = operation,
                                .size = static_cast<u8>(operand_of(i, element_operand).size_bytes),
                                .address_size = i.address_size,
                                .segment = static_cast<u8>(i.memory.segment),
                                .repeat = static_cast<u8>(i.repeat)};
    t.call(HelperNumber::string, t.constant(request.pack()));
    const bool compares = operation == StringRequest::Operation::scas || operation == StringRequest::Operation::cmps;
    if (compares) t.forget_flags();
    // A repeated one may be only partly done; the helper has then left RIP where it is.
    if (i.repeat != Repeat::none) t.leave();
}

void move(BlockTranslation& t, StringRequest::Operation operation, std::size_t element_operand) {
    const Instruction& i = t.instruction();
    if (i.repeat != Repeat::none) return string(t, operation, element_operand);
    move_element(t, operation, operand_of(i, element_operand).size_bytes);
}

} // namespace

void jcc(BlockTranslation& t) { t.jump_if(t.test(t.instruction().condition()), branch_target(t)); }

void jmp(BlockTranslation& t) {
    if (operand_of(t.instruction(), 0).kind == OperandKind::branch) return t.jump(branch_target(t));
    t.jump_to(dynamic_target(t, t.read(0)));
}

void call(BlockTranslation& t) {
    const Value link = t.constant(next_offset(t));
    if (operand_of(t.instruction(), 0).kind == OperandKind::branch) {
        t.push(link, t.operand_size());
        return t.jump(branch_target(t), ir::JumpKind::call);
    }
    const Value target = dynamic_target(t, t.read(0));
    t.push(link, t.operand_size());
    t.jump_to(target, ir::JumpKind::call);
}

void ret(BlockTranslation& t) {
    const u32 size = t.operand_size();
    const Value target = dynamic_target(t, t.top(size));
    const bool releases = static_cast<bool>(t.instruction().row->operands[0]);
    t.drop(size + (releases ? static_cast<u32>(t.instruction().immediate) & 0xffff : 0));
    t.jump_to(target, ir::JumpKind::ret);
}

void loop(BlockTranslation& t) { count_down_and_jump(t, std::nullopt); }
void loope(BlockTranslation& t) { count_down_and_jump(t, true); }
void loopne(BlockTranslation& t) { count_down_and_jump(t, false); }

void jrcxz(BlockTranslation& t) {
    const Value count = t.gpr(gpr::rcx, t.instruction().address_size);
    t.jump_if({ir::Condition::eq, ir::Type::i64, count, t.constant(0)}, branch_target(t));
}

void jmp_far(BlockTranslation& t) { transfer_far(t, HelperNumber::far_jump); }
void call_far(BlockTranslation& t) { transfer_far(t, HelperNumber::far_call); }

void ret_far(BlockTranslation& t) {
    const bool releases = static_cast<bool>(t.instruction().row->operands[0]);
    t.call(HelperNumber::far_return, t.constant(releases ? static_cast<u64>(t.instruction().immediate) & 0xffff : 0),
           t.constant(t.operand_size()));
    t.leave_with_rip_trapped();
}

void iret(BlockTranslation& t) {
    t.call(HelperNumber::interrupt_return, t.constant(t.operand_size()), t.constant(t.pc()), t.constant(t.next_pc()));
    t.follow_rip_trapped();
}

void int_(BlockTranslation& t) { interrupt(t, static_cast<u8>(t.instruction().immediate), EventKind::software); }
void int3(BlockTranslation& t) { interrupt(t, vector::bp, EventKind::software_exception); }
void int1(BlockTranslation& t) { interrupt(t, vector::db, EventKind::privileged_software); }

void into(BlockTranslation& t) {
    t.call(HelperNumber::interrupt_on_overflow, t.constant(t.instruction().length));
    t.leave_with_rip();
}

void bound(BlockTranslation& t) {
    const u32 size = t.operand_size();
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), 2 * size, false);
    t.call(HelperNumber::check_bounds, t.read(0), address, t.constant(size));
}

void ud0(BlockTranslation& t) { raise_undefined(t); }
void ud1(BlockTranslation& t) { raise_undefined(t); }
void ud2(BlockTranslation& t) { raise_undefined(t); }

void syscall(BlockTranslation& t) {
    t.call(HelperNumber::system_call, t.constant(t.pc()), t.constant(t.next_pc()));
    t.follow_rip();
}
void sysret(BlockTranslation& t) {
    t.call(HelperNumber::system_return, t.constant(t.pc()), t.constant(t.operand_size()));
    t.follow_rip();
}
void sysenter(BlockTranslation& t) {
    t.call(HelperNumber::fast_system_call, t.constant(t.pc()));
    t.follow_rip_trapped();
}
void sysexit(BlockTranslation& t) {
    t.call(HelperNumber::fast_system_return, t.constant(t.pc()), t.constant(t.operand_size()));
    t.follow_rip_trapped();
}

void movs(BlockTranslation& t) { move(t, StringRequest::Operation::movs, 0); }
void stos(BlockTranslation& t) { move(t, StringRequest::Operation::stos, 0); }
void lods(BlockTranslation& t) { move(t, StringRequest::Operation::lods, 1); }
void scas(BlockTranslation& t) { string(t, StringRequest::Operation::scas, 1); }
void cmps(BlockTranslation& t) { string(t, StringRequest::Operation::cmps, 0); }

} // namespace orrery::x86::translators
