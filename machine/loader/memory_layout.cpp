#include "machine/loader/memory_layout.hpp"

#include <algorithm>
#include <iterator>

namespace orrery {
namespace {

u64 end_of(const MemoryRange& range) { return range.first + std::min(range.size_bytes, ~u64{0} - range.first); }

} // namespace

MemoryLayout::MemoryLayout(std::span<const MemoryRange> memory) {
    for (const MemoryRange& range : memory)
        if (range.type == MemoryRange::Type::ram) add(range.first, end_of(range));
    for (const MemoryRange& range : memory)
        if (range.type != MemoryRange::Type::ram) remove(range.first, end_of(range));
}

void MemoryLayout::add(u64 first, u64 end) {
    if (first >= end) return;
    auto next = free_.upper_bound(first);
    if (next != free_.begin() && std::prev(next)->second >= first) --next;
    while (next != free_.end() && next->first <= end) {
        first = std::min(first, next->first);
        end = std::max(end, next->second);
        next = free_.erase(next);
    }
    free_.emplace(first, end);
}

void MemoryLayout::remove(u64 first, u64 end) {
    if (first >= end) return;
    auto next = free_.upper_bound(first);
    if (next != free_.begin() && std::prev(next)->second > first) --next;
    while (next != free_.end() && next->first < end) {
        const auto [part_first, part_end] = *next;
        next = free_.erase(next);
        if (part_first < first) free_.emplace(part_first, first);
        if (part_end > end) free_.emplace(end, part_end);
    }
}

bool MemoryLayout::claim(u64 first, u64 size_bytes) {
    const auto next = free_.upper_bound(first);
    if (next == free_.begin()) return false;
    const u64 end = std::prev(next)->second;
    if (first >= end || size_bytes > end - first) return false;
    remove(first, first + size_bytes);
    return true;
}

std::optional<u64> MemoryLayout::claim_lowest(u64 size_bytes, u64 alignment, u64 floor, u64 ceiling) {
    for (const auto& [part_first, part_end] : free_) {
        const u64 end = std::min(part_end, ceiling);
        const u64 from = std::max(part_first, floor);
        const u64 first = (from + alignment - 1) & ~(alignment - 1);
        if (first < from || first >= end || size_bytes > end - first) continue;
        remove(first, first + size_bytes);
        return first;
    }
    return {};
}

std::optional<u64> MemoryLayout::claim_highest(u64 size_bytes, u64 alignment, u64 floor, u64 ceiling) {
    for (auto part = free_.rbegin(); part != free_.rend(); ++part) {
        const u64 end = std::min(part->second, ceiling);
        if (end < size_bytes) continue;
        const u64 first = (end - size_bytes) & ~(alignment - 1);
        if (first < std::max(part->first, floor) || first >= end) continue;
        remove(first, first + size_bytes);
        return first;
    }
    return {};
}

} // namespace orrery
