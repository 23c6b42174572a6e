#include "cpu/riscv/helpers.hpp"

#include <array>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::riscv {
namespace {

constexpr auto table = std::to_array<ir::HelperInfo>({
#define HELPER(name, writes_slots, may_leave, needs_count) {#name, helper::name, writes_slots, may_leave, needs_count},
#include "cpu/riscv/helpers.def"
#undef HELPER
});

Hart& hart_of(void* self) { return static_cast<Hart&>(*static_cast<Frontend*>(self)); }

u64 raise_illegal(Hart& hart, u64 bits) {
    hart.services().leave_raising({static_cast<u64>(Exception::illegal_instruction), bits});
    return 0;
}

u64 access(void* self, CsrOperation operation, u64 number, u64 value, u64 bits) {
    Hart& hart = hart_of(self);
    const std::optional<u64> old = access_csr(hart, static_cast<u32>(number), operation, value);
    return old ? *old : raise_illegal(hart, bits);
}

u32 rs1_of(u64 bits) { return static_cast<u32>(field(bits, 15, 5)); }
u32 rs2_of(u64 bits) { return static_cast<u32>(field(bits, 20, 5)); }

// CMO 5: whether menvcfg, and in user mode senvcfg too, permit what `bits` of them stand for.
bool enabled_by_envcfg(const State& state, u64 bits) {
    if (state.privilege == Privilege::machine) return true;
    if ((state.menvcfg & bits) == 0) return false;
    return state.privilege == Privilege::supervisor || (state.senvcfg & bits) != 0;
}

// CMO 4.3: needs permission to read or to write; without it the exception is a store's. Caches are coherent and so the
// operation itself has nothing to do.
u64 manage_cache_block(Hart& hart, GuestVirtual address) {
    const auto place = hart.mmu().translate(address, MemoryAction::read);
    if (place && hart.mmu().is_mapped(place->address)) return 0;
    const bool page_fault_raised = !place && place.error().code == static_cast<u64>(Exception::load_page_fault);
    hart.services().leave_raising(page_fault_raised ? page_fault(address, MemoryAction::write)
                                                    : access_fault(address, MemoryAction::write));
    return 0;
}

} // namespace

std::span<const ir::HelperInfo> helper_table() { return table; }

namespace helper {

u64 csr_read(void* self, u64 number, u64, u64 bits) { return access(self, CsrOperation::read, number, 0, bits); }

u64 csr_read_counter(void* self, u64 number, u64, u64 bits) {
    return access(self, CsrOperation::read, number, 0, bits);
}

u64 csr_swap(void* self, u64 number, u64 value, u64 bits) {
    return access(self, CsrOperation::write, number, value, bits);
}

u64 csr_set(void* self, u64 number, u64 mask, u64 bits) { return access(self, CsrOperation::set, number, mask, bits); }

u64 csr_clear(void* self, u64 number, u64 mask, u64 bits) {
    return access(self, CsrOperation::clear, number, mask, bits);
}

u64 mret(void* self, u64, u64, u64 bits) {
    Hart& hart = hart_of(self);
    if (!return_from_machine(hart)) return raise_illegal(hart, bits);
    hart.services().leave_with_pc_in_state();
    return 0;
}

u64 sret(void* self, u64, u64, u64 bits) {
    Hart& hart = hart_of(self);
    if (!return_from_supervisor(hart)) return raise_illegal(hart, bits);
    hart.services().leave_with_pc_in_state();
    return 0;
}

// II 3.3.3. In user mode it never completes in bounded time, hence it is illegal whatever TW is.
u64 wfi(void* self, u64, u64, u64 bits) {
    Hart& hart = hart_of(self);
    State& state = hart.registers();
    const bool trapped = state.privilege == Privilege::supervisor && (state.mstatus & mstatus::tw) != 0;
    if (state.privilege == Privilege::user || trapped) return raise_illegal(hart, bits);
    if (hart.wakes()) return 0;
    state.halted = true;
    hart.services().leave_after();
    return 0;
}

// II 4.2.1. The operation may be done at once for sinval.vma (Svinval). The rest of the block may be mapped no more.
u64 sfence_vma(void* self, u64 address, u64 asid, u64 bits) {
    Hart& hart = hart_of(self);
    const State& state = hart.registers();
    const bool trapped = state.privilege == Privilege::supervisor && (state.mstatus & mstatus::tvm) != 0;
    if (state.privilege == Privilege::user || trapped) return raise_illegal(hart, bits);
    const bool one_page = rs1_of(bits) != 0;
    // While satp is Bare the MODE of the space that is meant isn't known: then every space.
    const bool one_space = rs2_of(bits) != 0 && field(state.satp, satp::mode_low, 4) != satp::bare;
    const u64 space = space_of(with_field(state.satp, satp::asid_low, 16, asid));
    EngineServices& services = hart.services();
    if (one_page && one_space)
        services.flush_page_in_space({address}, space);
    else if (one_page)
        services.flush_page({address});
    else if (one_space)
        services.flush_space(space);
    else
        services.flush_all();
    services.leave_after();
    return 0;
}

u64 sfence_inval(void* self, u64, u64, u64 bits) {
    Hart& hart = hart_of(self);
    return hart.registers().privilege == Privilege::user ? raise_illegal(hart, bits) : 0;
}

u64 fence_i(void* self, u64, u64, u64) {
    EngineServices& services = hart_of(self).services();
    services.synchronize_code();
    services.leave_after();
    return 0;
}

u64 cbo_zero(void* self, u64 address, u64, u64 bits) {
    Hart& hart = hart_of(self);
    if (!enabled_by_envcfg(hart.registers(), envcfg::cbze)) return raise_illegal(hart, bits);
    const auto done = hart.services().zero({address & ~(cache_block_bytes - 1)}, cache_block_bytes);
    if (!done) hart.services().leave_raising(done.error());
    return 0;
}

u64 cbo_manage(void* self, u64 address, u64, u64 bits) {
    Hart& hart = hart_of(self);
    if (!enabled_by_envcfg(hart.registers(), envcfg::cbcfe)) return raise_illegal(hart, bits);
    return manage_cache_block(hart, {address});
}

// CBIE 0 forbids it; 1 makes it a flush, which it is here anyway.
u64 cbo_inval(void* self, u64 address, u64, u64 bits) {
    Hart& hart = hart_of(self);
    if (!enabled_by_envcfg(hart.registers(), u64{3} << envcfg::cbie_low)) return raise_illegal(hart, bits);
    return manage_cache_block(hart, {address});
}

u64 illegal(void* self, u64, u64, u64 bits) { return raise_illegal(hart_of(self), bits); }

} // namespace helper
} // namespace orrery::riscv
