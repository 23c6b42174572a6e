#include "app/trace/record.hpp"

#include <algorithm>

namespace orrery::app::trace {

std::span<const u8> CodeMemory::remember(u64 pc, std::span<const u8> bytes) {
    Entry& entry = entries_[index(pc)];
    entry.pc = pc;
    entry.generation = generation_;
    entry.length = static_cast<u8>(std::min(bytes.size(), longest_instruction));
    std::ranges::copy(bytes.first(entry.length), entry.bytes.begin());
    return std::span(entry.bytes).first(entry.length);
}

} // namespace orrery::app::trace
