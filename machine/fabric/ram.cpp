#include "machine/fabric/ram.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace orrery {

Result<std::unique_ptr<Ram>> Ram::create(std::string name, u64 size_bytes) {
    const u64 size = (size_bytes + page_size - 1) & ~(page_size - 1);
    if (size == 0) return error("memory '{}' has no size", name);
    const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
    if (fd < 0) return error("the host gives no memory file for '{}': {}", name, errno_text(errno));
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) {
        const int reason = errno;
        ::close(fd);
        return error("the host can't reserve {} MiB for '{}': {}", size / MiB, name, errno_text(reason));
    }
    void* host = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (host == MAP_FAILED) {
        const int reason = errno;
        ::close(fd);
        return error("the host can't map {} MiB for '{}': {}", size / MiB, name, errno_text(reason));
    }
    auto flags = std::make_unique<std::atomic<u8>[]>(size >> page_shift);
    return std::unique_ptr<Ram>(new Ram(std::move(name), size, fd, static_cast<u8*>(host), std::move(flags)));
}

Ram::~Ram() {
    ::munmap(host_, size_);
    ::close(fd_);
}

void Ram::clear() {
    if (::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_)) != 0)
        std::memset(host_, 0, size_);
}

bool Ram::is_zero_page(u64 offset) const {
    const auto* words = reinterpret_cast<const u64*>(host_ + (offset & ~(page_size - 1)));
    return std::all_of(words, words + page_size / sizeof(u64), [](u64 word) { return word == 0; });
}

} // namespace orrery
