// Loads and stores: the soft TLB's fast path inline, the call for everything else in the cold code.
#include "jit/baseline/block_emitter.hpp"

#include <bit>

namespace orrery::jit::baseline {
namespace {

constexpr i32 page_mask = -4096;
constexpr u32 entry_log2 = std::bit_width(sizeof(TlbEntry)) - 1;
static_assert(sizeof(TlbEntry) == u64{1} << entry_log2);
constexpr i32 entry_mask = static_cast<i32>((tlb_entries - 1) << entry_log2);

constexpr Size size_of(ir::MemoryAccess access) { return static_cast<Size>(access.size_log2); }

constexpr u32 bit(Gpr reg) { return is_scratch(reg) ? 1u << x64::number(reg) : 0; }

} // namespace

BlockEmitter::Address BlockEmitter::address(const ir::Instruction& instruction) {
    constexpr i64 limit = i64{1} << 30;
    const auto offset = static_cast<i64>(instruction.imm);
    const Operand a = locations_.use(instruction.a);
    const bool constant_address = a.is_immediate();
    if (!constant_address && offset > -limit && offset < limit)
        return {locations_.in_register(instruction.a), static_cast<i32>(offset)};
    const Gpr base = locations_.temporary();
    hot_.mov(Size::qword, base, constant_address ? a.value + instruction.imm : instruction.imm);
    if (!constant_address) alu(x64::Alu::add, Size::qword, base, a);
    if (a.is_register()) locations_.unlock(a.reg);
    return {base, 0};
}

BlockEmitter::Probe BlockEmitter::reserve_probe() {
    const Gpr entry = locations_.temporary();
    return {entry, locations_.temporary()};
}

// Leaves the flags not equal on a miss. An access that ends in another page than it begins in compares the tag of the
// second with the entry of the first.
void BlockEmitter::emit_probe(const Probe& probe, const Address& address, ir::MemoryAccess access,
                              std::size_t tag_offset, u32 checked_bytes) {
    const auto [entry, tag] = probe;
    const auto last = static_cast<i32>(checked_bytes - 1);
    const auto move_sum = [&](Size size, Gpr to, i32 offset) {
        if (offset == 0)
            hot_.mov(size, to, address.base);
        else
            hot_.lea(size, to, Mem::at(address.base, offset));
    };
    move_sum(Size::dword, entry, address.offset);
    move_sum(Size::qword, tag, address.offset + last);
    hot_.shr(Size::dword, entry, 12 - entry_log2);
    hot_.and_(Size::qword, tag, page_mask);
    hot_.and_(Size::dword, entry, entry_mask);
    hot_.or_(Size::qword, tag, layout_.context(offsetof(Context, data_tag) + 8 * access.mmu_index));
    hot_.cmp(Size::qword, tag,
             Mem::at(base_register, entry, 1, layout_.displacement(offsetof(Context, tlb) + tag_offset)));
}

// The call of a slow path from the cold code. Scratch registers that the hot path keeps are kept here, too.
void BlockEmitter::emit_cold_access(const ir::Instruction& instruction, const Address& address, const Operand* value,
                                    const u8* thunk, u32 lost_scratch, Gpr result) {
    const u32 kept = locations_.live_scratch() & ~lost_scratch;
    const auto saved = [](Gpr reg) {
        return Mem::at(Gpr::rsp, saved_scratch_bytes + 8 * static_cast<i32>(x64::number(reg)));
    };
    for (const Gpr reg : scratch_registers)
        if (kept & bit(reg)) cold_.mov(Size::qword, saved(reg), reg);
    if (address.base != Gpr::rcx && value) load(cold_, Gpr::rcx, *value);
    if (address.base != Gpr::rax || address.offset != 0)
        cold_.lea(Size::qword, Gpr::rax, Mem::at(address.base, address.offset));
    if (address.base == Gpr::rcx && value) load(cold_, Gpr::rcx, *value);
    cold_.mov(Size::dword, Gpr::rdx, u32{instruction.aux});
    cold_call(thunk);
    add_site(cold_sites_, cold_offset());
    if (result != Gpr::rax) cold_.mov(Size::qword, result, Gpr::rax);
    for (const Gpr reg : scratch_registers)
        if (kept & bit(reg)) cold_.mov(Size::qword, reg, saved(reg));
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
    const bool pinned = locations_.has_pinned_destination();
    const Gpr target = pinned ? locations_.destination() : Gpr::rax;
    const Probe found = reserve_probe();
    emit_probe(found, at, access, offsetof(TlbEntry, read_tag), static_cast<u32>(access.size_bytes()));
    const Gpr to = pinned ? target : found.entry;
    jump_cold(Condition::ne);
    hot_.mov(Size::qword, found.entry,
             Mem::at(base_register, found.entry, 1,
                     layout_.displacement(offsetof(Context, tlb) + offsetof(TlbEntry, addend))));
    load_extended(to, Mem::at(at.base, found.entry, 1, at.offset), access);
    emit_cold_access(instruction, at, nullptr, thunks_.load, bit(found.entry) | bit(found.spare), to);
    locations_.define(index, to);
    jump_back();
}

void BlockEmitter::store_value(Size size, const Mem& to, const Operand& value, Gpr spare) {
    if (value.is_register()) return hot_.mov(size, to, value.reg);
    if (value.is_immediate() && (size != Size::qword || fits_i32(value.value)))
        return hot_.mov(size, to, static_cast<i32>(value.value));
    locations_.load(spare, value);
    hot_.mov(size, to, spare);
}

// A store may ask to leave the block behind its guest instruction. Usually the instruction ends there; if not, the
// request is looked at where it does. A last instruction that goes elsewhere, or leaves anyway, simply does so.
const u8* BlockEmitter::store_thunk(u16 index) {
    const auto& instructions = block_->instructions;
    std::size_t end = std::size_t{index} + 1;
    while (end < instructions.size() && instructions[end].op != ir::Op::insn) ++end;
    if (end == instructions.size()) {
        const auto* next = std::get_if<ir::Goto>(&block_->terminal);
        if (!next || next->pc != block_->key.pc + block_->guest_bytes) return thunks_.store_first;
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
    // The probe needs the other two scratch registers.
    if (const Operand value = locations_.locate(instruction.b);
        value.is_register() && is_scratch(value.reg) && is_scratch(at.base) && value.reg != at.base)
        locations_.move_out(instruction.b);
    const Operand value = locations_.use(instruction.b);
    const Probe found = reserve_probe();
    emit_probe(found, at, access, offsetof(TlbEntry, write_tag), static_cast<u32>(access.size_bytes()));
    jump_cold(Condition::ne);
    const Size size = size_of(access);
    hot_.mov(Size::qword, found.entry,
             Mem::at(base_register, found.entry, 1,
                     layout_.displacement(offsetof(Context, tlb) + offsetof(TlbEntry, addend))));
    store_value(size, Mem::at(at.base, found.entry, 1, at.offset), value, found.spare);
    emit_cold_access(instruction, at, &value, store_thunk(index), bit(found.entry) | bit(found.spare), Gpr::rax);
    jump_back();
}

} // namespace orrery::jit::baseline
