#include "cpu/x86/stack.hpp"

namespace orrery::x86 {

Faulting<u64> Stack::linear(u64 offset, Size width) const {
    const Fault fault = exception(vector::ss, error_code_);
    if (size_ == Size::qword) {
        const bool fits = core_.canonical(offset) && core_.canonical(offset + bytes(width) - 1);
        if (!fits) return std::unexpected(fault);
        return offset;
    }
    const u64 at = offset & mask(size_);
    if (!segment_.usable() || !within_limit(segment_, at, bytes(width))) return std::unexpected(fault);
    return (segment_.base + at) & 0xffff'ffff;
}

Faulting<void> Stack::push(u64 value, Size width) {
    const u64 below = merge(pointer_ - bytes(width));
    const u64 address = TRY(linear(below, width));
    TRY_STATUS(core_.write(address, value & mask(width), bytes(width), mmu_index_));
    pointer_ = below;
    return {};
}

Faulting<u64> Stack::peek(u64 offset_bytes, Size width) {
    const u64 address = TRY(linear(merge(pointer_ + offset_bytes), width));
    return TRY(core_.read(address, bytes(width), mmu_index_));
}

Faulting<u64> Stack::pop(Size width) {
    const u64 value = TRY(peek(0, width));
    skip(bytes(width));
    return value;
}

} // namespace orrery::x86
