#include "devices/virtio/guest_memory.hpp"

#include <algorithm>

namespace orrery {
namespace {

// Calls `visit(address, size)` for each part of `size_bytes` bytes of the run after `skip`; stops when it says false.
template <typename Visit> bool for_each_part(std::span<const Segment> run, u64 skip, u64 size_bytes, Visit&& visit) {
    for (const Segment& segment : run) {
        if (size_bytes == 0) break;
        if (skip >= segment.size_bytes) {
            skip -= segment.size_bytes;
            continue;
        }
        const u64 part = std::min<u64>(segment.size_bytes - skip, size_bytes);
        if (!visit(segment.address + skip, part)) return false;
        size_bytes -= part;
        skip = 0;
    }
    return size_bytes == 0;
}

} // namespace

std::span<u8> GuestMemory::bytes(GuestPhysical address, u64 size_bytes, bool for_write) {
    const Window* window = reader_.find(address);
    if (!window || !window->ram || (for_write && window->read_only)) return {};
    const u64 offset = address - window->base;
    return {window->ram->host() + window->ram_offset + offset, std::min(size_bytes, window->size_bytes - offset)};
}

bool GuestMemory::is_ram(GuestPhysical address, u64 size_bytes, bool for_write) {
    while (size_bytes != 0) {
        const std::size_t part = bytes(address, size_bytes, for_write).size();
        if (part == 0) return false;
        address = address + part;
        size_bytes -= part;
    }
    return true;
}

void GuestMemory::written(GuestPhysical address, u64 size_bytes) {
    const Window* window = reader_.find(address);
    if (!window || !window->ram) return;
    const u64 offset = address - window->base;
    space_.ram_written(*window->ram, window->ram_offset + offset, std::min(size_bytes, window->size_bytes - offset));
}

bool GuestMemory::read(std::span<const Segment> run, u64 skip, std::span<u8> out) {
    return for_each_part(run, skip, out.size(), [&](GuestPhysical address, u64 size) {
        while (size != 0) {
            const std::span<u8> from = bytes(address, size, false);
            if (from.empty()) return false;
            std::memcpy(out.data(), from.data(), from.size());
            out = out.subspan(from.size());
            address = address + from.size();
            size -= from.size();
        }
        return true;
    });
}

bool GuestMemory::write(std::span<const Segment> run, u64 skip, std::span<const u8> in) {
    return for_each_part(run, skip, in.size(), [&](GuestPhysical address, u64 size) {
        while (size != 0) {
            const std::span<u8> to = bytes(address, size, true);
            if (to.empty()) return false;
            std::memcpy(to.data(), in.data(), to.size());
            written(address, to.size());
            in = in.subspan(to.size());
            address = address + to.size();
            size -= to.size();
        }
        return true;
    });
}

bool GuestMemory::gather(std::span<const Segment> run, u64 skip, u64 size_bytes, bool for_write,
                         std::vector<iovec>& pieces) {
    return for_each_part(run, skip, size_bytes, [&](GuestPhysical address, u64 size) {
        while (size != 0) {
            const std::span<u8> part = bytes(address, size, for_write);
            if (part.empty()) return false;
            pieces.push_back({part.data(), part.size()});
            address = address + part.size();
            size -= part.size();
        }
        return true;
    });
}

void GuestMemory::run_written(std::span<const Segment> run, u64 skip, u64 size_bytes) {
    for_each_part(run, skip, size_bytes, [&](GuestPhysical address, u64 size) {
        while (size != 0) {
            const std::size_t part = bytes(address, size, true).size();
            if (part == 0) return false;
            written(address, part);
            address = address + part;
            size -= part;
        }
        return true;
    });
}

} // namespace orrery
