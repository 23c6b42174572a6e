// Bytes whose accesses someone wants to hear of: a debugger outside the machine, or the guest by its debug registers.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery {

// As the CPU addresses them.
struct Watch {
    u64 address = 0;
    u64 size_bytes = 0;
    bool reads = false;
    bool writes = false;
    [[nodiscard]] bool overlaps(u64 other, u64 other_size_bytes) const {
        return address - other < other_size_bytes || other - address < size_bytes;
    }
};

} // namespace orrery
