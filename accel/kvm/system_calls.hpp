// The system calls by which KVM is spoken to, so that tests can put a scripted KVM in their place. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery::kvm {

class SystemCalls {
public:
    virtual ~SystemCalls() = default;
    // Each gives the call's result or, where it failed, the negated errno.
    virtual int open(const char* path) = 0;
    // `argument` is a number or a pointer, as the request has it.
    virtual int ioctl(int file, unsigned long request, std::uintptr_t argument) = 0;
    virtual void close(int file) = 0;
    // `size_bytes` of the file from `offset_bytes` on, shared; null: the host refuses.
    virtual void* map(int file, std::size_t size_bytes, std::size_t offset_bytes) = 0;
    virtual void unmap(void* memory, std::size_t size_bytes) = 0;
};

// The host's. Has no state, and outlives everything.
SystemCalls& host_system_calls();

} // namespace orrery::kvm
