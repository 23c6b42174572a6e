#include "machine/loader/file.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace orrery {
namespace {

class OpenFile {
public:
    explicit OpenFile(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~OpenFile() {
        if (number_ >= 0) ::close(number_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

std::unexpected<Error> cannot_open(const std::string& path, std::string_view what, int reason) {
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return error("{} '{}' doesn't exist; check the path", what, path);
    case EACCES:
    case EPERM:
        return error("{} '{}' may not be read by this user; `chmod +r` it or copy it", what, path);
    default:
        return error("{} '{}' can't be opened: {}", what, path, errno_text(reason));
    }
}

// Up to `most` bytes, fewer only at the end of the file.
Result<std::vector<u8>> read_up_to(const OpenFile& file, const std::string& path, std::string_view what, u64 most) {
    std::vector<u8> bytes(most);
    u64 filled = 0;
    while (filled < most) {
        const ssize_t got = ::read(file.number(), bytes.data() + filled, most - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error("{} '{}' can't be read: {}", what, path, errno_text(errno));
        if (got == 0) break;
        filled += static_cast<u64>(got);
    }
    bytes.resize(filled);
    return bytes;
}

Result<u64> regular_size(const OpenFile& file, const std::string& path, std::string_view what) {
    if (file.number() < 0) return cannot_open(path, what, errno);
    struct stat info{};
    if (::fstat(file.number(), &info) != 0) return error("{} '{}': {}", what, path, errno_text(errno));
    if (S_ISDIR(info.st_mode)) return error("{} '{}' is a directory; name a file in it", what, path);
    if (!S_ISREG(info.st_mode))
        return error("{} '{}' is a device or pipe; copy its contents to a file first", what, path);
    if (info.st_size == 0) return error("{} '{}' is empty; it may be a download that failed", what, path);
    return static_cast<u64>(info.st_size);
}

} // namespace

Result<std::vector<u8>> read_file(const std::string& path, u64 limit_bytes, std::string_view what) {
    const OpenFile file(path);
    const u64 size = TRY(regular_size(file, path, what));
    if (size > limit_bytes)
        return error("{} '{}' has {} bytes, but only {} fit; is it the right file, and --memory large enough?", what,
                     path, size, limit_bytes);
    return read_up_to(file, path, what, size);
}

Result<std::vector<u8>> read_file_start(const std::string& path, u64 most_bytes, std::string_view what) {
    const OpenFile file(path);
    const u64 size = TRY(regular_size(file, path, what));
    return read_up_to(file, path, what, std::min(size, most_bytes));
}

} // namespace orrery
