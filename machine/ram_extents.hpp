// Which parts of guest memory the host holds anything for. The rest reads as zero, and reading it through the mapping
// would make the host hold it.
#pragma once

#include "machine/fabric/ram.hpp"

namespace orrery {

struct RamExtent {
    u64 first = 0; // both multiples of the page size
    u64 end = 0;
    [[nodiscard]] bool empty() const { return first == end; }
};

// The first extent that may hold data at or after `offset`; empty when there is none.
RamExtent next_extent(const Ram& ram, u64 offset);

// Calls `use(offset)` for every page that isn't all zero, in ascending order.
template <typename Use> void for_each_data_page(const Ram& ram, Use&& use) {
    for (RamExtent extent = next_extent(ram, 0); !extent.empty(); extent = next_extent(ram, extent.end))
        for (u64 offset = extent.first; offset < extent.end; offset += page_size)
            if (!ram.is_zero_page(offset)) use(offset);
}

} // namespace orrery
