// Memory for translated code. It is mapped twice, once writable and once executable, so that no page is both. Space is
// handed out in ascending order and taken back all at once.
#pragma once

#include <memory>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::jit {

class CodeBuffer {
public:
    static Result<std::unique_ptr<CodeBuffer>> create(u64 size_bytes);
    ~CodeBuffer();
    CodeBuffer(const CodeBuffer&) = delete;
    CodeBuffer& operator=(const CodeBuffer&) = delete;

    // Where the next code goes, for writing; at most left_bytes() of it.
    [[nodiscard]] u8* writable() const { return write_ + used_; }
    [[nodiscard]] u64 left_bytes() const { return size_ - used_; }
    [[nodiscard]] u64 used_bytes() const { return used_; }
    // Keeps the `size_bytes` written at writable() and returns where they execute. The next code is 16-byte aligned.
    u8* commit(u64 size_bytes);
    // Everything committed after `used_bytes` is given back.
    void rewind(u64 used_bytes) { used_ = used_bytes; }

    // From an address in the executable mapping to the same byte in the writable one.
    [[nodiscard]] u8* writable(const u8* executable) const { return write_ + (executable - execute_); }
    [[nodiscard]] const u8* executable_base() const { return execute_; }
    [[nodiscard]] bool contains(const u8* executable) const {
        return executable >= execute_ && executable < execute_ + size_;
    }

private:
    CodeBuffer(u8* write, u8* execute, u64 size) : write_(write), execute_(execute), size_(size) {}

    u8* write_;
    u8* execute_;
    u64 size_;
    u64 used_ = 0;
};

} // namespace orrery::jit
