// A page range that tests write code into and run.
#pragma once

#include "jit/baseline/assembler.hpp"

#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

namespace orrery::test {

class ExecutableBuffer {
public:
    ExecutableBuffer() {
        void* memory =
            mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        begin_ = static_cast<u8*>(memory);
    }
    ~ExecutableBuffer() { munmap(begin_, size_bytes); }
    ExecutableBuffer(const ExecutableBuffer&) = delete;
    ExecutableBuffer& operator=(const ExecutableBuffer&) = delete;

    x64::Assembler assembler() { return {begin_, begin_ + size_bytes}; }

    // The function at the start of the buffer: rdi and rsi in, rax out.
#if defined(__clang__)
    // The sanitizer would read the function's type from the bytes before its code.
    [[clang::no_sanitize("function")]]
#endif
    u64 run(u64 first = 0, u64 second = 0) const {
        return reinterpret_cast<u64 (*)(u64, u64)>(reinterpret_cast<std::uintptr_t>(begin_))(first, second);
    }

private:
    static constexpr u64 size_bytes = 64 * KiB;
    u8* begin_;
};

} // namespace orrery::test
