// A disk whose content a test sees and fills.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "devices/storage/disk.hpp"

namespace orrery::test {

// A disk in memory; `fail` makes every call an error.
class MemoryDisk final : public Disk {
public:
    explicit MemoryDisk(u64 sectors, bool read_only = false) : content(sectors * sector_bytes), read_only_(read_only) {}
    [[nodiscard]] u64 size_bytes() const override { return content.size(); }
    [[nodiscard]] bool read_only() const override { return read_only_; }
    Status read(u64 offset, std::span<const iovec> pieces) override {
        if (fail) return error("broken");
        for (const iovec& piece : pieces) {
            std::memcpy(piece.iov_base, content.data() + offset, piece.iov_len);
            offset += piece.iov_len;
        }
        return {};
    }
    Status write(u64 offset, std::span<const iovec> pieces) override {
        if (fail) return error("broken");
        for (const iovec& piece : pieces) {
            std::memcpy(content.data() + offset, piece.iov_base, piece.iov_len);
            offset += piece.iov_len;
        }
        return {};
    }
    Status flush() override {
        ++flushes;
        return {};
    }
    Status discard(u64 offset, u64 size) override { return write_zeroes(offset, size, true); }
    Status write_zeroes(u64 offset, u64 size, bool) override {
        std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(offset), size, u8{0});
        return {};
    }
    std::vector<u8> content;
    u32 flushes = 0;
    bool fail = false;

private:
    bool read_only_;
};

} // namespace orrery::test
