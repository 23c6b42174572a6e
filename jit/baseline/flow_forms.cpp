#include "jit/baseline/flow_forms.hpp"

#include <algorithm>

namespace orrery::x64 {

void FlowForms::bind(Label& label) {
    assert(!label.bound());
    label.position_ = offset_of(cursor_);
    for (i32 at = label.near_references_; at != Label::none;) {
        i32 next = 0;
        std::memcpy(&next, begin_ + at, sizeof next);
        store(begin_ + at, label.position_ - (at + 4));
        at = next;
    }
    label.near_references_ = Label::none;
    for (i32 at = label.short_references_; at != Label::none;) {
        const i32 step = begin_[at];
        const i32 distance = label.position_ - (at + 1);
        if (!fits_i8(distance)) out_of_range_ = true;
        begin_[at] = static_cast<u8>(distance);
        at = step == 0 ? Label::none : at - step;
    }
    label.short_references_ = Label::none;
}

void FlowForms::branch_short(u32 code, Label& target) {
    u8* p = room();
    if (p == nullptr) return;
    *p++ = static_cast<u8>(code);
    i32 value = 0;
    if (target.bound()) {
        value = target.position_ - offset_of(p + 1);
        if (!fits_i8(value)) out_of_range_ = true;
    } else {
        const i32 previous = std::exchange(target.short_references_, offset_of(p));
        value = previous == Label::none ? 0 : offset_of(p) - previous;
        // No label can be within reach of both.
        if (value > 255) out_of_range_ = true;
    }
    *p = static_cast<u8>(value);
    cursor_ = p + 1;
}

void FlowForms::lea(Gpr destination, Label& label) {
    u8* p = room();
    if (p == nullptr) return;
    *p++ = static_cast<u8>(0x48 | number(destination) >> 3 << 2);
    *p++ = 0x8d;
    *p++ = static_cast<u8>((number(destination) & 7) << 3 | 5);
    cursor_ = put_near_displacement(p, label);
}

void FlowForms::nop(u64 count) {
    // SDM 2B, table 4-12.
    static constexpr u8 sequences[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (count != 0) {
        u8* p = room();
        if (p == nullptr) return;
        const u64 length = std::min<u64>(count, 9);
        std::memcpy(p, sequences[length - 1], sizeof sequences[0]);
        cursor_ = p + length;
        count -= length;
    }
}

} // namespace orrery::x64
