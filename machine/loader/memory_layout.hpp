// Which of the guest's RAM is still free while a loader decides what goes where.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "machine/fabric/types.hpp"

namespace orrery {

// A part of the guest's physical memory as a PC's firmware tells of it (ACPI 6.4, 15: int 15h, E820h).
struct MemoryRange {
    enum class Type : u32 { ram = 1, reserved = 2, acpi_reclaimable = 3, acpi_nvs = 4, unusable = 5 };
    u64 first = 0;
    u64 size_bytes = 0;
    Type type = Type::ram;
};

class MemoryLayout {
public:
    // What isn't RAM takes away from RAM that it overlaps.
    explicit MemoryLayout(std::span<const MemoryRange> memory);

    // Takes exactly this range. False, and nothing taken, unless all of it is free RAM.
    bool claim(u64 first, u64 size_bytes);
    // Take the lowest or highest free range between `floor` and `ceiling` (one behind the last byte that may be used).
    // `alignment` is a power of two. Nothing: there is no such range.
    std::optional<u64> claim_lowest(u64 size_bytes, u64 alignment, u64 floor, u64 ceiling);
    std::optional<u64> claim_highest(u64 size_bytes, u64 alignment, u64 floor, u64 ceiling);

private:
    void add(u64 first, u64 end);
    void remove(u64 first, u64 end);

    std::map<u64, u64> free_; // first to end; no two touch
};

} // namespace orrery
