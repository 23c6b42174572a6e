#include "devices/host/file_disk.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/host/file_io.hpp"

namespace orrery {
namespace {

// Closes what an early return leaves behind.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

std::unexpected<Error> cannot_open(const std::string& path, bool to_write, int number) {
    switch (number) {
    case ENOENT:
        return error("{}: there is no such file; `truncate -s 4G {}` makes an empty disk", path, path);
    case EISDIR:
        return error("{}: is a directory, not a disk image", path);
    case EACCES:
    case EPERM:
    case EROFS:
        if (to_write)
            return error("{}: {}; add ',readonly' or ',snapshot' to use it unchanged", path, errno_text(number));
        return error("{}: {}; make it readable for this user", path, errno_text(number));
    default:
        return error("{}: {}", path, errno_text(number));
    }
}

Result<u64> size_of(const std::string& path, int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return error("{}: {}", path, errno_text(errno));
    if (S_ISDIR(info.st_mode)) return error("{}: is a directory, not a disk image", path);
    u64 size = 0;
    if (S_ISREG(info.st_mode))
        size = static_cast<u64>(info.st_size);
    else if (!S_ISBLK(info.st_mode))
        return error("{}: is neither a file nor a block device", path);
    else if (::ioctl(fd, BLKGETSIZE64, &size) != 0)
        return error("{}: {}", path, errno_text(errno));
    if (size == 0) return error("{}: is empty; `truncate -s 4G {}` makes it a disk", path, path);
    if (size % sector_bytes != 0)
        return error("{}: its {} bytes are no multiple of {}, so it isn't a raw disk image or is cut off", path, size,
                     sector_bytes);
    return size;
}

Status lock(const std::string& path, int fd, bool to_write) {
    if (::flock(fd, (to_write ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return {}; // a file system without locks
    if (to_write) return error("{}: another program uses this disk; end it, or add ',snapshot' if it only reads", path);
    return error("{}: another program writes to this disk; end it first", path);
}

// FALLOC_FL_* calls that the file system doesn't know are no failure of the disk.
bool not_supported(int number) {
    return number == EOPNOTSUPP || number == ENOSYS || number == EINVAL || number == ENODEV;
}

} // namespace

Result<FileDiskOptions> parse_disk_options(std::string_view text) {
    FileDiskOptions options;
    for (;;) {
        const std::size_t comma = text.rfind(',');
        const std::string_view last = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (last == "readonly")
            options.read_only = true;
        else if (last == "snapshot")
            options.snapshot = true;
        else if (last == "virtio")
            options.attachment = DiskAttachment::virtio;
        else if (last == "ide")
            options.attachment = DiskAttachment::ide;
        else if (last == "sata")
            options.attachment = DiskAttachment::sata;
        else
            break;
        text = text.substr(0, comma);
    }
    if (text.empty()) return error("a disk needs a file: FILE[,readonly][,snapshot][,virtio|ide|sata]");
    options.path = text;
    return options;
}

Result<std::unique_ptr<FileDisk>> FileDisk::open(const FileDiskOptions& options) {
    const std::string& path = options.path;
    const bool to_write = !options.read_only && !options.snapshot;
    Descriptor fd(::open(path.c_str(), (to_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return cannot_open(path, to_write, errno);
    const u64 size = TRY(size_of(path, fd.get()));
    if (Status locked = lock(path, fd.get(), to_write); !locked) return std::unexpected(locked.error());
    std::unique_ptr<Overlay> overlay;
    if (options.snapshot && !options.read_only) overlay = TRY(Overlay::create(fd.get(), size));
    return std::unique_ptr<FileDisk>(new FileDisk(path, fd.release(), size, options.read_only, std::move(overlay)));
}

FileDisk::~FileDisk() { ::close(fd_); }

Status FileDisk::read(u64 offset, std::span<const iovec> pieces) {
    const Status done = overlay_ ? overlay_->read(offset, pieces) : read_pieces_at(fd_, offset, pieces);
    return done ? done : std::unexpected(done.error().in(path_));
}

Status FileDisk::write(u64 offset, std::span<const iovec> pieces) {
    if (read_only_) return error("{}: is read-only", path_);
    const Status done = overlay_ ? overlay_->write(offset, pieces) : write_pieces_at(fd_, offset, pieces);
    return done ? done : std::unexpected(done.error().in(path_));
}

Status FileDisk::flush() {
    if (read_only_ || overlay_ || ::fdatasync(fd_) == 0) return {};
    return error("{}: {}", path_, errno_text(errno));
}

Status FileDisk::discard(u64 offset, u64 size) {
    if (read_only_) return error("{}: is read-only", path_);
    if (overlay_ || size == 0) return {};
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (::fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) return {};
    if (not_supported(errno)) return {};
    return error("{}: {}", path_, errno_text(errno));
}

Status FileDisk::write_zeroes(u64 offset, u64 size, bool may_unmap) {
    if (read_only_) return error("{}: is read-only", path_);
    if (size == 0) return {};
    if (overlay_) return overlay_->write_zeroes(offset, size);
    const int mode = (may_unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE;
    if (::fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) return {};
    if (not_supported(errno)) return write_zero_bytes(offset, size);
    return error("{}: {}", path_, errno_text(errno));
}

Status FileDisk::write_zero_bytes(u64 offset, u64 size) {
    static constexpr std::array<u8, 64 * KiB> zeroes{};
    while (size != 0) {
        const u64 part = std::min<u64>(size, zeroes.size());
        if (Status done = write_at(fd_, offset, std::span(zeroes).first(part)); !done) return done;
        offset += part;
        size -= part;
    }
    return {};
}

void FileDisk::state(StateVisitor& visitor) {
    if (overlay_) overlay_->state(visitor);
}

} // namespace orrery
