// Loads and stores: the soft TLB's fast path inline, the call for everything else in the cold code.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {
namespace {

constexpr Size size_of(ir::MemoryAccess access) { return static_cast<Size>(access.size_log2); }

constexpr u32 bit(Gpr reg) { return is_scratch(reg) ? 1u << x64::number(reg) : 0; }

} // namespace

BlockEmitter::Address BlockEmitter::address(const ir::Instruction& instruction) {
    constexpr i64 limit = i64{1} << 30;
    const auto offset = static_cast<i64>(instruction.imm);
    locations_.take(Gpr::rax);
    locations_.take(Gpr::rcx);
    const Operand a = locations_.use(instruction.a);
    if (!a.is_immediate() && offset > -limit && offset < limit) {
        const u8 memo =
            ir::MemoryAccess::unpack(instruction.aux).mmu_index == 0 ? locations_.memo_of(instruction.a) : no_memo;
        return {locations_.in_register(instruction.a), static_cast<i32>(offset), memo};
    }
    if (a.is_register()) locations_.unlock(a.reg);
    if (a.is_immediate()) {
        const Gpr base = locations_.temporary();
        hot_.mov(Size::qword, base, a.value + instruction.imm);
        return {base, 0, no_memo};
    }
    hot_.mov(Size::qword, Gpr::rcx, instruction.imm);
    alu(x64::Alu::add, Size::qword, Gpr::rcx, a);
    const Gpr base = locations_.temporary();
    hot_.mov(Size::qword, base, Gpr::rcx);
    return {base, 0, no_memo};
}

void BlockEmitter::move_address(Size size, Gpr to, const Address& address, i32 further) {
    if (address.offset + further == 0)
        hot_.mov(size, to, address.base);
    else
        hot_.lea(size, to, Mem::at(address.base, address.offset + further));
}

// An access that ends in another page than it begins in compares the tag of the second with the entry of the first.
void BlockEmitter::emit_tlb_check(const Address& address, ir::MemoryAccess access, bool write, u32 checked_bytes) {
    const auto entry = [&](std::size_t offset) {
        return Mem::at(base_register, Gpr::rax, 1, layout_.displacement(offsetof(Context, tlb) + offset));
    };
    move_address(Size::dword, Gpr::rax, address, 0);
    move_address(Size::qword, Gpr::rcx, address, static_cast<i32>(checked_bytes - 1));
    hot_.shr(Size::dword, Gpr::rax, tlb_shift);
    hot_.and_(Size::qword, Gpr::rcx, page_mask);
    hot_.xor_(Size::dword, Gpr::rax, layout_.context(offsetof(Context, tlb_salt)));
    hot_.and_(Size::dword, Gpr::rax, tlb_mask);
    hot_.or_(Size::qword, Gpr::rcx, layout_.context(offsetof(Context, data_tag) + 8 * access.mmu_index));
    hot_.cmp(Size::qword, Gpr::rcx, entry(write ? offsetof(TlbEntry, write_tag) : offsetof(TlbEntry, read_tag)));
    jump_cold(Condition::ne);
    hot_.mov(Size::qword, Gpr::rax, entry(offsetof(TlbEntry, addend)));
}

// The access itself doesn't wait for the check. The cold code asks the TLB and comes back with the addend.
void BlockEmitter::emit_memo_check(const Address& address, ir::MemoryAccess access, bool write) {
    const auto field = [&](std::size_t offset) { return layout_.memo_field(address.memo, offset); };
    move_address(Size::qword, Gpr::rcx, address, 0);
    hot_.mov(Size::qword, Gpr::rax, field(offsetof(AddressMemo, addend)));
    hot_.sub(Size::qword, Gpr::rcx, field(offsetof(AddressMemo, start)));
    hot_.cmp(Size::qword, Gpr::rcx,
             field(write ? offsetof(AddressMemo, write_bytes) : offsetof(AddressMemo, read_bytes)));
    jump_cold(Condition::ae);
    const auto last = static_cast<i32>(access.size_bytes() - 1);
    cold_.lea(Size::qword, Gpr::rax, Mem::at(address.base, address.offset));
    cold_.lea(Size::qword, Gpr::rcx, Mem::at(address.base, address.offset + last));
    cold_call(write ? thunks_.refill_write[address.memo] : thunks_.refill_read[address.memo]);
    cold_.jcc_open(Condition::e);
    cold_to_hot_.push_back({cold_offset(), hot_offset()});
}

void BlockEmitter::emit_translation(const Address& address, ir::MemoryAccess access, bool write) {
    if (address.memo != no_memo)
        emit_memo_check(address, access, write);
    else
        emit_tlb_check(address, access, write, static_cast<u32>(access.size_bytes()));
}

// The call of a slow path from the cold code. A value that lives on in rdx is kept.
void BlockEmitter::emit_cold_access(const ir::Instruction& instruction, const Address& address, const Operand* value,
                                    const u8* thunk, Gpr result) {
    const bool keep = (locations_.live_scratch() & bit(Gpr::rdx)) != 0;
    const Mem kept = Mem::at(Gpr::rsp, saved_scratch_bytes);
    if (keep) cold_.mov(Size::qword, kept, Gpr::rdx);
    if (value) load(cold_, Gpr::rcx, *value);
    cold_.lea(Size::qword, Gpr::rax, Mem::at(address.base, address.offset));
    cold_.mov(Size::dword, Gpr::rdx, u32{instruction.aux});
    cold_call(thunk);
    add_site(cold_sites_, cold_offset());
    reload_vectors();
    if (result != Gpr::rax) cold_.mov(Size::qword, result, Gpr::rax);
    if (keep) cold_.mov(Size::qword, Gpr::rdx, kept);
}

void BlockEmitter::load_extended(Gpr to, const Mem& from, ir::MemoryAccess access) {
    const Size size = size_of(access);
    if (size == Size::qword || (size == Size::dword && !access.sign_extend))
        hot_.mov(size, to, from);
    else if (access.sign_extend)
        hot_.movsx(Size::qword, to, size, from);
    else
        hot_.movzx(to, size, from);
}

void BlockEmitter::emit_load(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const auto access = ir::MemoryAccess::unpack(instruction.aux);
    const Address at = address(instruction);
    const Gpr to = locations_.has_pinned_destination() ? locations_.destination() : Gpr::rax;
    emit_translation(at, access, false);
    load_extended(to, Mem::at(at.base, Gpr::rax, 1, at.offset), access);
    emit_cold_access(instruction, at, nullptr, thunks_.load, to);
    locations_.define(index, to);
    jump_back();
}

void BlockEmitter::store_value(Size size, const Mem& to, const Operand& value) {
    if (value.is_register()) return hot_.mov(size, to, value.reg);
    if (value.is_immediate() && (size != Size::qword || fits_i32(value.value)))
        return hot_.mov(size, to, static_cast<i32>(value.value));
    locations_.load(Gpr::rcx, value);
    hot_.mov(size, to, Gpr::rcx);
}

// A store may ask to leave the block behind its guest instruction. Usually the instruction ends there; if not, the
// request is looked at where it does. A last instruction that goes elsewhere, or leaves anyway, simply does so.
const u8* BlockEmitter::store_thunk(u16 index) {
    const auto& instructions = block_->instructions;
    std::size_t end = std::size_t{index} + 1;
    while (end < instructions.size() && instructions[end].op != ir::Op::insn) ++end;
    if (end == instructions.size()) {
        const auto* next = std::get_if<ir::Goto>(&block_->terminal);
        if (!next || next->pc != block_->key.pc + block_->guest_bytes) return thunks_.store_last;
    }
    if (end == std::size_t{index} + 1) return thunks_.store;
    check_leave_ = true;
    locations_.expect_exit(true);
    return thunks_.store_first;
}

void BlockEmitter::emit_store(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const auto access = ir::MemoryAccess::unpack(instruction.aux);
    const Address at = address(instruction);
    // The only scratch register left is rdx; the value is loaded after the check unless it is there, or pinned.
    if (const Operand value = locations_.locate(instruction.b);
        value.is_register() && is_scratch(value.reg) && is_scratch(at.base) && value.reg != at.base)
        locations_.move_out(instruction.b);
    const Operand value = locations_.use(instruction.b);
    emit_translation(at, access, true);
    store_value(size_of(access), Mem::at(at.base, Gpr::rax, 1, at.offset), value);
    emit_cold_access(instruction, at, &value, store_thunk(index), Gpr::rax);
    jump_back();
}

} // namespace orrery::jit::baseline
