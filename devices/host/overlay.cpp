#include "devices/host/overlay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "devices/host/file_io.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// Calls `visit(offset, bytes)` for each stretch of the pieces that lies in one cluster.
template <typename Visit> Status for_each_stretch(u64 offset, std::span<const iovec> pieces, Visit&& visit) {
    for (const iovec& piece : pieces) {
        std::span<u8> rest(static_cast<u8*>(piece.iov_base), piece.iov_len);
        while (!rest.empty()) {
            const u64 room = Overlay::cluster_bytes - offset % Overlay::cluster_bytes;
            const std::span<u8> part = rest.first(std::min<u64>(room, rest.size()));
            if (Status done = visit(offset, part); !done) return done;
            rest = rest.subspan(part.size());
            offset += part.size();
        }
    }
    return {};
}

} // namespace

Result<std::unique_ptr<Overlay>> Overlay::create(int base_fd, u64 size_bytes) {
    const char* folder = std::getenv("TMPDIR");
    std::string name = (folder && *folder ? std::string(folder) : std::string("/tmp")) + "/orrery-overlay-XXXXXX";
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0)
        return error("no temporary file for the snapshot's writes: {}: {}; set TMPDIR to a folder with space", name,
                     errno_text(errno));
    ::unlink(name.c_str());
    std::unique_ptr<Overlay> overlay(new Overlay(base_fd, fd, size_bytes));
    // All a hole: takes no space, and clusters of zeroes stay that way.
    if (::ftruncate(fd, static_cast<off_t>(size_bytes)) != 0)
        return error("a temporary file of {} bytes for the snapshot's writes: {}: {}", size_bytes, name,
                     errno_text(errno));
    return overlay;
}

Overlay::~Overlay() { ::close(fd_); }

u64 Overlay::bytes_in(u64 index) const { return std::min(cluster_bytes, size_ - index * cluster_bytes); }

Status Overlay::read_part(u64 offset, std::span<u8> out) {
    return read_at(written_[offset / cluster_bytes] ? fd_ : base_fd_, offset, out);
}

// The first write to a cluster brings the rest of it along.
Status Overlay::write_part(u64 offset, std::span<const u8> in) {
    const u64 index = offset / cluster_bytes;
    if (!written_[index] && in.size() < bytes_in(index)) {
        std::vector<u8> cluster(bytes_in(index));
        if (Status done = read_at(base_fd_, index * cluster_bytes, cluster); !done) return done;
        std::ranges::copy(in, cluster.begin() + static_cast<std::ptrdiff_t>(offset % cluster_bytes));
        if (Status done = write_at(fd_, index * cluster_bytes, cluster); !done) return done;
    } else if (Status done = write_at(fd_, offset, in); !done) {
        return done;
    }
    written_[index] = true;
    return {};
}

Status Overlay::read(u64 offset, std::span<const iovec> pieces) {
    return for_each_stretch(offset, pieces, [this](u64 at, std::span<u8> part) { return read_part(at, part); });
}

Status Overlay::write(u64 offset, std::span<const iovec> pieces) {
    return for_each_stretch(offset, pieces, [this](u64 at, std::span<u8> part) { return write_part(at, part); });
}

Status Overlay::zero_part(u64 offset, u64 size) {
    const u64 index = offset / cluster_bytes;
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (size == bytes_in(index) && ::fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) {
        written_[index] = true;
        return {};
    }
    static constexpr std::array<u8, cluster_bytes> zeroes{};
    return write_part(offset, std::span(zeroes).first(size));
}

Status Overlay::write_zeroes(u64 offset, u64 size) {
    while (size != 0) {
        const u64 part = std::min(size, cluster_bytes - offset % cluster_bytes);
        if (Status done = zero_part(offset, part); !done) return done;
        offset += part;
        size -= part;
    }
    return {};
}

void Overlay::state(StateVisitor& visitor) {
    std::vector<u64> indexes;
    for (u64 index = 0; index < written_.size(); ++index)
        if (written_[index]) indexes.push_back(index);
    indexes.resize(visitor.length("clusters", indexes.size(), written_.size()));
    visitor.scalars("index", ScalarType::unsigned64, indexes.data(), indexes.size());
    const std::vector<bool> before = std::exchange(written_, std::vector<bool>(written_.size()));
    std::vector<u8> content(cluster_bytes);
    for (const u64 index : indexes) {
        // A saved index is in range; one that a damaged snapshot brings is read over.
        const bool valid = index < written_.size() && !written_[index];
        std::vector<u8> old(valid && before[index] ? bytes_in(index) : 0);
        Status done = valid && before[index] ? read_at(fd_, index * cluster_bytes, old) : Status{};
        std::ranges::fill(content, u8{0});
        std::ranges::copy(old, content.begin());
        visitor.scalars(fmt::format("cluster[{}]", index), ScalarType::unsigned8, content.data(), content.size());
        if (!valid) continue;
        const std::span<const u8> now = std::span(content).first(bytes_in(index));
        if (done && !std::ranges::equal(now, old)) done = write_at(fd_, index * cluster_bytes, now);
        if (!done) log::warning("a snapshot's overlay is incomplete: {}", done.error().message());
        written_[index] = true;
    }
}

} // namespace orrery
