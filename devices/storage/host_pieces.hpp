// Runs of host memory in pieces, as a transport's DMA gathers them: copying parts of them, and cutting them short.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "machine/fabric/types.hpp"

namespace orrery {

// Calls `visit(bytes)` for each part of the `size_bytes` bytes after the first `skip`.
template <typename Visit> void for_each_part(std::span<const iovec> pieces, u64 skip, u64 size_bytes, Visit&& visit) {
    for (const iovec& piece : pieces) {
        if (size_bytes == 0) return;
        if (skip >= piece.iov_len) {
            skip -= piece.iov_len;
            continue;
        }
        const u64 part = std::min<u64>(piece.iov_len - skip, size_bytes);
        visit(std::span(static_cast<u8*>(piece.iov_base) + skip, part));
        size_bytes -= part;
        skip = 0;
    }
}

inline std::vector<iovec> part_of(std::span<const iovec> pieces, u64 skip, u64 size_bytes) {
    std::vector<iovec> part;
    for_each_part(pieces, skip, size_bytes, [&](std::span<u8> bytes) { part.push_back({bytes.data(), bytes.size()}); });
    return part;
}

inline void copy_to(std::span<const iovec> pieces, u64 skip, std::span<const u8> in) {
    for_each_part(pieces, skip, in.size(), [&](std::span<u8> bytes) {
        std::memcpy(bytes.data(), in.data(), bytes.size());
        in = in.subspan(bytes.size());
    });
}

inline void copy_from(std::span<const iovec> pieces, u64 skip, std::span<u8> out) {
    for_each_part(pieces, skip, out.size(), [&](std::span<u8> bytes) {
        std::memcpy(out.data(), bytes.data(), bytes.size());
        out = out.subspan(bytes.size());
    });
}

} // namespace orrery
