// A place in the code being emitted, which branches may name before it is known.
// References not yet resolved form a list through their own displacement fields, so a label needs no memory but its
// own.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::x64 {

class Label {
public:
    Label() = default;
    Label(const Label&) = delete;
    Label& operator=(const Label&) = delete;

    bool bound() const { return position_ != none; }
    bool has_pending_references() const { return near_references_ != none || short_references_ != none; }

    // Offset from the start of the buffer; only for a bound label.
    i32 position() const { return position_; }

private:
    friend class FlowForms;
    static constexpr i32 none = -1;

    i32 position_ = none;
    i32 near_references_ = none;  // offset of the last 32-bit displacement, which holds the offset of the one before
    i32 short_references_ = none; // offset of the last 8-bit displacement, which holds the distance to the one before
};

} // namespace orrery::x64
