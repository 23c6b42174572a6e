// A stack that values are pushed to and popped from before anything of the CPU's state is changed: the instruction
// takes over pointer() when all else has succeeded.
#pragma once

#include "cpu/x86/segmentation.hpp"

namespace orrery::x86 {

class Stack {
public:
    // The stack as it is.
    explicit Stack(Core& core)
        : Stack(core, core.state().segment(Segment::ss), core.state().r[gpr::rsp], core.stack_size()) {}
    // Another one, for a change of privilege. `error_code` is that of its #SS.
    Stack(Core& core, const SegmentCache& segment, u64 pointer, Size size, u8 mmu_index = explicit_access,
          u32 error_code = 0)
        : core_(core), segment_(segment), pointer_(pointer), size_(size), mmu_index_(mmu_index),
          error_code_(error_code) {}

    Faulting<void> push(u64 value, Size width);
    Faulting<u64> pop(Size width);
    // What lies `offset_bytes` above the top.
    Faulting<u64> peek(u64 offset_bytes, Size width);
    void skip(u64 size_bytes) { pointer_ = merge(pointer_ + size_bytes); }

    // What RSP becomes: without its upper part where the stack is narrower.
    [[nodiscard]] u64 pointer() const { return pointer_; }
    void commit() { core_.state().r[gpr::rsp] = pointer_; }

private:
    [[nodiscard]] u64 merge(u64 pointer) const {
        if (size_ == Size::word) return (pointer_ & ~u64{0xffff}) | (pointer & 0xffff);
        return pointer & mask(size_);
    }
    Faulting<u64> linear(u64 offset, Size width) const;

    Core& core_;
    SegmentCache segment_;
    u64 pointer_;
    Size size_;
    u8 mmu_index_;
    u32 error_code_;
};

} // namespace orrery::x86
