#include "machine/ram_extents.hpp"

#include <cerrno>

#include <unistd.h>

namespace orrery {

RamExtent next_extent(const Ram& ram, u64 offset) {
    const u64 size = ram.size_bytes();
    if (offset >= size) return {};
    const off_t data = ::lseek(ram.fd(), static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    // A host without SEEK_DATA: everything may be data.
    if (data < 0) return {offset & ~(page_size - 1), size};
    const off_t hole = ::lseek(ram.fd(), data, SEEK_HOLE);
    const u64 first = static_cast<u64>(data) & ~(page_size - 1);
    const u64 end = hole < 0 ? size : (static_cast<u64>(hole) + page_size - 1) & ~(page_size - 1);
    return {first, end};
}

} // namespace orrery
