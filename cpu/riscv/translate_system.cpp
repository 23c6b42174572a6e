// Environment calls, CSRs, privileged instructions and cache-block operations (I 2.8, I 9, II 3.3, II 4.2, CMO). What
// they do is in csr.cpp and helpers.cpp; here is which of it needs no call, and where a block must end.
#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/translate.hpp"

namespace orrery::riscv::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

Value bits_of(BlockTranslation& t, const Instruction& i) { return t.constant(i.bits); }

void access_slot(BlockTranslation& t, const Instruction& i, CsrSlot csr, CsrOperation operation, Value operand) {
    const Value old = t.ir().get(csr.slot);
    if (operation != CsrOperation::read) {
        Value value = operand;
        if (operation == CsrOperation::set) value = t.binary(IrOp::or_, old, operand);
        if (operation == CsrOperation::clear) value = t.binary(IrOp::andn, old, operand);
        if (csr.writable != ~u64{0}) value = t.binary(IrOp::and_, value, csr.writable);
        t.ir().put(csr.slot, value);
    }
    t.put_x(i.rd, old);
}

HelperNumber helper_for(u32 csr, CsrOperation operation) {
    switch (operation) {
    case CsrOperation::read:
        return csr_needs_count(csr) ? HelperNumber::csr_read_counter : HelperNumber::csr_read;
    case CsrOperation::write:
        return HelperNumber::csr_swap;
    case CsrOperation::set:
        return HelperNumber::csr_set;
    case CsrOperation::clear:
        return HelperNumber::csr_clear;
    }
    return HelperNumber::illegal;
}

void access(BlockTranslation& t, const Instruction& i, CsrOperation operation, Value operand) {
    const auto in_slot = csr_slot(i.csr);
    if (in_slot && t.mode().privilege >= csr_privilege(i.csr)) {
        access_slot(t, i, *in_slot, operation, operand);
        return;
    }
    t.put_x(i.rd, t.call(helper_for(i.csr, operation), t.constant(i.csr), operand, bits_of(t, i)));
    if (csr_ends_block(i.csr, operation, t.ir().constant_of(operand))) t.end_in_leave();
}

// I 9.1: setting or clearing with x0 or an immediate of 0 only reads, also a read-only CSR.
void modify(BlockTranslation& t, const Instruction& i, CsrOperation operation) {
    access(t, i, i.rs1 == 0 ? CsrOperation::read : operation, t.x(i.rs1));
}
void modify_immediate(BlockTranslation& t, const Instruction& i, CsrOperation operation) {
    access(t, i, i.imm == 0 ? CsrOperation::read : operation, t.constant(static_cast<u64>(i.imm)));
}

void return_from_trap(BlockTranslation& t, const Instruction& i, HelperNumber helper) {
    t.call(helper, ir::no_value, ir::no_value, bits_of(t, i));
    t.end(ir::Leave{.pc = t.next_pc(), .pc_in_state = true});
}

void fence_address_space(BlockTranslation& t, const Instruction& i) {
    t.call(HelperNumber::sfence_vma, t.x(i.rs1), t.x(i.rs2), bits_of(t, i));
    t.end_in_leave();
}

void order_invalidations(BlockTranslation& t, const Instruction& i) {
    t.call(HelperNumber::sfence_inval, ir::no_value, ir::no_value, bits_of(t, i));
}

void cache_block(BlockTranslation& t, const Instruction& i, HelperNumber helper) {
    t.call(helper, t.x(i.rs1), ir::no_value, bits_of(t, i));
}

} // namespace

void ecall(BlockTranslation& t, const Instruction&) { t.raise(ecall_from(t.mode().privilege), 0); }
// II 3.1.16: the trap value is the address of the instruction.
void ebreak(BlockTranslation& t, const Instruction&) { t.raise(Exception::breakpoint, t.pc()); }

void csrrw(BlockTranslation& t, const Instruction& i) { access(t, i, CsrOperation::write, t.x(i.rs1)); }
void csrrs(BlockTranslation& t, const Instruction& i) { modify(t, i, CsrOperation::set); }
void csrrc(BlockTranslation& t, const Instruction& i) { modify(t, i, CsrOperation::clear); }
void csrrwi(BlockTranslation& t, const Instruction& i) {
    access(t, i, CsrOperation::write, t.constant(static_cast<u64>(i.imm)));
}
void csrrsi(BlockTranslation& t, const Instruction& i) { modify_immediate(t, i, CsrOperation::set); }
void csrrci(BlockTranslation& t, const Instruction& i) { modify_immediate(t, i, CsrOperation::clear); }

void mret(BlockTranslation& t, const Instruction& i) { return_from_trap(t, i, HelperNumber::mret); }
void sret(BlockTranslation& t, const Instruction& i) { return_from_trap(t, i, HelperNumber::sret); }

void wfi(BlockTranslation& t, const Instruction& i) {
    t.call(HelperNumber::wfi, ir::no_value, ir::no_value, bits_of(t, i));
    t.end_in_leave();
}

void sfence_vma(BlockTranslation& t, const Instruction& i) { fence_address_space(t, i); }
void sinval_vma(BlockTranslation& t, const Instruction& i) { fence_address_space(t, i); }
void sfence_w_inval(BlockTranslation& t, const Instruction& i) { order_invalidations(t, i); }
void sfence_inval_ir(BlockTranslation& t, const Instruction& i) { order_invalidations(t, i); }

void fence_i(BlockTranslation& t, const Instruction&) {
    t.call(HelperNumber::fence_i);
    t.end_in_leave();
}

void cbo_inval(BlockTranslation& t, const Instruction& i) { cache_block(t, i, HelperNumber::cbo_inval); }
void cbo_clean(BlockTranslation& t, const Instruction& i) { cache_block(t, i, HelperNumber::cbo_manage); }
void cbo_flush(BlockTranslation& t, const Instruction& i) { cache_block(t, i, HelperNumber::cbo_manage); }
void cbo_zero(BlockTranslation& t, const Instruction& i) {
    cache_block(t, i, HelperNumber::cbo_zero);
    t.end_before_changed_code();
}

} // namespace orrery::riscv::translators
