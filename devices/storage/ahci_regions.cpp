#include "devices/storage/ahci_regions.hpp"

#include <algorithm>

namespace orrery {
namespace {

struct Entry {
    u64 address;
    u32 reserved;
    u32 flags; // bits 21:0 the size less one, bit 31 an interrupt
};
static_assert(sizeof(Entry) == 16);
constexpr u32 size_field = 0x3f'ffff;
constexpr u32 interrupt_flag = u32{1} << 31;

} // namespace

AhciRegions::Part AhciRegions::take(u64 size_bytes, bool for_write) {
    Part part;
    while (part.size_bytes < size_bytes && index_ < entries_ && !bad_memory_) {
        const auto entry = memory_.load<Entry>(table_ + u64{index_} * sizeof(Entry));
        bad_memory_ = !entry;
        if (!entry) break;
        const u64 described = u64{entry->flags & size_field} + 1;
        // The guest may have made the entry shorter than what has been used of it.
        const u64 left = described - std::min(described, used_bytes_);
        const Segment segment{{entry->address + used_bytes_},
                              static_cast<u32>(std::min(left, size_bytes - part.size_bytes))};
        if (!memory_.is_ram(segment.address, segment.size_bytes, for_write)) {
            bad_memory_ = true;
            break;
        }
        part.segments.push_back(segment);
        memory_.gather(std::span(&segment, 1), 0, segment.size_bytes, for_write, part.pieces);
        part.size_bytes += segment.size_bytes;
        used_bytes_ += segment.size_bytes;
        if (used_bytes_ < described) break;
        if (entry->flags & interrupt_flag) wants_interrupt_ = true;
        used_bytes_ = 0;
        ++index_;
    }
    taken_bytes_ += part.size_bytes;
    return part;
}

} // namespace orrery
