#include "cpu/x86/core.hpp"

namespace orrery::x86 {

Faulting<u64> Core::read(u64 linear, u32 size_bytes, u8 mmu_index) {
    return services_->load({linear}, static_cast<Width>(size_bytes), mmu_index);
}

Faulting<void> Core::write(u64 linear, u64 value, u32 size_bytes, u8 mmu_index) {
    return services_->store({linear}, value, static_cast<Width>(size_bytes), mmu_index);
}

} // namespace orrery::x86
