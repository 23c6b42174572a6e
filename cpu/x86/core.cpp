#include "cpu/x86/core.hpp"

#include "machine/fabric/result.hpp"

namespace orrery::x86 {

// Of privilege 0 with AC clear the CPU's own accesses are like the code's, whose translations engines remember
// (SDM 3A 4.6.1), but for data breakpoints.
u8 Core::remembered(u8 mmu_index) const {
    constexpr u64 any_breakpoint = 0xff; // of DR7
    const bool alike = mmu_index == implicit_access && cpl() == 0 && (state_.rflags & flag::alignment_check) == 0 &&
                       (state_.dr7 & any_breakpoint) == 0;
    return alike ? explicit_access : mmu_index;
}

Faulting<u64> Core::read(u64 linear, u32 size_bytes, u8 mmu_index) {
    if (mmu_index == explicit_access) TRY_STATUS(check_alignment(linear, size_bytes));
    return services_->load({linear}, static_cast<Width>(size_bytes), remembered(mmu_index));
}

Faulting<void> Core::write(u64 linear, u64 value, u32 size_bytes, u8 mmu_index) {
    if (mmu_index == explicit_access) TRY_STATUS(check_alignment(linear, size_bytes));
    return services_->store({linear}, value, static_cast<Width>(size_bytes), remembered(mmu_index));
}

Faulting<void> Core::check_alignment(u64 linear, u32 size_bytes) const {
    if (checks_alignment() && linear % size_bytes != 0) return std::unexpected(exception(vector::ac, 0));
    return {};
}

Faulting<void> Core::check_writable(u64 linear, u64 size_bytes) {
    const u64 last = wrapped(linear + size_bytes - 1);
    TRY_STATUS(mmu_.translate(linear, MemoryAction::write, explicit_access));
    if ((linear ^ last) >= page_size)
        TRY_STATUS(mmu_.translate(last & ~(page_size - 1), MemoryAction::write, explicit_access));
    return {};
}

} // namespace orrery::x86
