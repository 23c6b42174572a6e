#include "devices/host/file_io.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <unistd.h>

namespace orrery {
namespace {

using Transfer = ssize_t (*)(int, const iovec*, int, off_t);

// preadv and pwritev move at most IOV_MAX pieces and 2 GiB at a time, and may stop anywhere.
Status transfer(Transfer call, int fd, u64 offset, std::span<const iovec> pieces) {
    std::size_t skip = 0; // bytes of the first piece that are done
    while (!pieces.empty()) {
        if (skip == pieces.front().iov_len) {
            pieces = pieces.subspan(1);
            skip = 0;
            continue;
        }
        const iovec rest{static_cast<u8*>(pieces.front().iov_base) + skip, pieces.front().iov_len - skip};
        const bool partial = skip != 0;
        const int count = static_cast<int>(std::min<std::size_t>(pieces.size(), IOV_MAX));
        const ssize_t moved = partial ? call(fd, &rest, 1, static_cast<off_t>(offset))
                                      : call(fd, pieces.data(), count, static_cast<off_t>(offset));
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return error("{}", errno_text(errno));
        if (moved == 0) return error("the file ends at byte {}", offset);
        offset += static_cast<u64>(moved);
        for (std::size_t left = static_cast<std::size_t>(moved); left != 0;) {
            const std::size_t part = std::min(left, pieces.front().iov_len - skip);
            left -= part;
            skip += part;
            if (left == 0) break;
            pieces = pieces.subspan(1);
            skip = 0;
        }
    }
    return {};
}

} // namespace

Status read_pieces_at(int fd, u64 offset, std::span<const iovec> pieces) {
    return transfer(::preadv, fd, offset, pieces);
}

Status write_pieces_at(int fd, u64 offset, std::span<const iovec> pieces) {
    return transfer(::pwritev, fd, offset, pieces);
}

Status read_at(int fd, u64 offset, std::span<u8> out) {
    const iovec piece{out.data(), out.size()};
    return read_pieces_at(fd, offset, std::span(&piece, 1));
}

Status write_at(int fd, u64 offset, std::span<const u8> in) {
    // The call that writes takes its bytes by an iovec, which can't say const.
    const iovec piece{const_cast<u8*>(in.data()), in.size()};
    return write_pieces_at(fd, offset, std::span(&piece, 1));
}

} // namespace orrery
