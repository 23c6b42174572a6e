#include "jit/cache/code_buffer.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/mman.h>
#include <unistd.h>

namespace orrery::jit {
namespace {

constexpr u64 release_bytes = 1 * MiB;

} // namespace

Result<std::unique_ptr<CodeBuffer>> CodeBuffer::create(u64 size_bytes) {
    const int fd = ::memfd_create("orrery-code", MFD_CLOEXEC);
    if (fd < 0) return error("the host gives no memory for translated code: {}", errno_text(errno));
    if (::ftruncate(fd, static_cast<off_t>(size_bytes)) != 0) {
        const int reason = errno;
        ::close(fd);
        return error("the host can't reserve {} MiB for translated code: {}", size_bytes / MiB, errno_text(reason));
    }
    void* write = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    void* execute = ::mmap(nullptr, size_bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, fd, 0);
    const int reason = errno;
    ::close(fd);
    if (write == MAP_FAILED || execute == MAP_FAILED) {
        if (write != MAP_FAILED) ::munmap(write, size_bytes);
        if (execute != MAP_FAILED) ::munmap(execute, size_bytes);
        return error("the host refuses executable memory for translated code: {}; use --engine interp", errno_text(reason));
    }
    return std::unique_ptr<CodeBuffer>(new CodeBuffer(static_cast<u8*>(write), static_cast<u8*>(execute), size_bytes));
}

CodeBuffer::~CodeBuffer() {
    ::munmap(write_, size_);
    ::munmap(execute_, size_);
}

u8* CodeBuffer::commit(u64 size_bytes) {
    u8* const code = execute_ + used_;
    const u64 before = used_;
    used_ = std::min(size_, (used_ + size_bytes + 15) & ~u64{15});
    // What is written stays in the file; mapped twice it would count twice in the process's resident memory.
    const u64 finished = before & ~(release_bytes - 1);
    if ((used_ & ~(release_bytes - 1)) != finished) ::madvise(write_ + finished, release_bytes, MADV_DONTNEED);
    return code;
}

} // namespace orrery::jit
