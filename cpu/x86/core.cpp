#include "cpu/x86/core.hpp"

#include "machine/fabric/result.hpp"

namespace orrery::x86 {

Faulting<u64> Core::read(u64 linear, u32 size_bytes, u8 mmu_index) {
    if (mmu_index == explicit_access) TRY_STATUS(check_alignment(linear, size_bytes));
    return services_->load({linear}, static_cast<Width>(size_bytes), mmu_index);
}

Faulting<void> Core::write(u64 linear, u64 value, u32 size_bytes, u8 mmu_index) {
    if (mmu_index == explicit_access) TRY_STATUS(check_alignment(linear, size_bytes));
    return services_->store({linear}, value, static_cast<Width>(size_bytes), mmu_index);
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
