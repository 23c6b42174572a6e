#include "accel/kvm/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace orrery::kvm {
namespace {

class HostSystemCalls final : public SystemCalls {
public:
    int open(const char* path) override {
        const int file = ::open(path, O_RDWR | O_CLOEXEC);
        return file < 0 ? -errno : file;
    }
    int ioctl(int file, unsigned long request, std::uintptr_t argument) override {
        const int result = ::ioctl(file, request, argument);
        return result < 0 ? -errno : result;
    }
    void close(int file) override { ::close(file); }
    void* map(int file, std::size_t size_bytes, std::size_t offset_bytes) override {
        void* memory =
            ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, static_cast<off_t>(offset_bytes));
        return memory == MAP_FAILED ? nullptr : memory;
    }
    void unmap(void* memory, std::size_t size_bytes) override { ::munmap(memory, size_bytes); }
};

} // namespace

SystemCalls& host_system_calls() {
    static HostSystemCalls calls;
    return calls;
}

} // namespace orrery::kvm
