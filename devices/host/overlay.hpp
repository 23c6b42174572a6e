// The writes to a disk that its file never sees, kept in a nameless temporary file by clusters. Its size is bounded by
// that of the disk. Part of the machine's state, contents and all.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "machine/fabric/result.hpp"
#include "machine/fabric/state_visitor.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

class Overlay {
public:
    static constexpr u64 cluster_bytes = 64 * KiB;

    // Over `base_fd`, of which it reads `size_bytes`. The temporary file goes to TMPDIR, or to /tmp.
    static Result<std::unique_ptr<Overlay>> create(int base_fd, u64 size_bytes);
    ~Overlay();
    Overlay(const Overlay&) = delete;
    Overlay& operator=(const Overlay&) = delete;

    Status read(u64 offset, std::span<const iovec> pieces);
    Status write(u64 offset, std::span<const iovec> pieces);
    Status write_zeroes(u64 offset, u64 size);
    // The clusters written so far, by index and content; restoring replaces them all.
    void state(StateVisitor& visitor);

private:
    Overlay(int base_fd, int fd, u64 size) : base_fd_(base_fd), fd_(fd), size_(size), written_(cluster_count(size)) {}
    static std::size_t cluster_count(u64 size) { return (size + cluster_bytes - 1) / cluster_bytes; }
    // Bytes of cluster `index` that lie on the disk: all, but for the last.
    [[nodiscard]] u64 bytes_in(u64 index) const;
    Status read_part(u64 offset, std::span<u8> out);
    Status zero_part(u64 offset, u64 size);
    Status write_part(u64 offset, std::span<const u8> in);

    int base_fd_;
    int fd_;
    u64 size_;
    std::vector<bool> written_;
};

} // namespace orrery
