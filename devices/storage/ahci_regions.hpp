// The physical region descriptor table of an AHCI command (AHCI 1.3.1, 4.2.3.3), walked once from its beginning. It
// lies in guest memory and may hold anything; each entry is read when it is reached.
#pragma once

#include <vector>

#include <sys/uio.h>

#include "devices/virtio/guest_memory.hpp"

namespace orrery {

class AhciRegions {
public:
    AhciRegions(GuestMemory& memory, GuestPhysical table, u32 entries)
        : memory_(memory), table_(table), entries_(entries) {}

    // The next `size_bytes` bytes, or what is left of them. Valid until the next mapping change.
    struct Part {
        std::vector<Segment> segments;
        std::vector<iovec> pieces;
        u64 size_bytes = 0;
    };
    Part take(u64 size_bytes, bool for_write);
    void written(const Part& part) { memory_.run_written(part.segments, 0, part.size_bytes); }

    [[nodiscard]] u64 taken_bytes() const { return taken_bytes_; }
    // An entry, or a region, isn't memory.
    [[nodiscard]] bool bad_memory() const { return bad_memory_; }
    // An entry with the I bit has been used up.
    [[nodiscard]] bool wants_interrupt() const { return wants_interrupt_; }

private:
    GuestMemory& memory_;
    GuestPhysical table_;
    u32 entries_;
    u32 index_ = 0;
    u64 used_bytes_ = 0; // of entry `index_`
    u64 taken_bytes_ = 0;
    bool bad_memory_ = false;
    bool wants_interrupt_ = false;
};

} // namespace orrery
