// A disk in a raw image file or a block device of the host. With `snapshot` the file is only read: what the guest
// writes goes to an overlay (overlay.hpp) that ends with the process, and is part of the machine's state.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "devices/host/overlay.hpp"
#include "devices/storage/disk.hpp"

namespace orrery {

// Which controller of the board the disk hangs on; `board`: the board's first choice.
enum class DiskAttachment : u8 { board, virtio, ide, sata };

struct FileDiskOptions {
    std::string path;
    bool read_only = false;
    bool snapshot = false;
    DiskAttachment attachment = DiskAttachment::board;
};

// FILE[,readonly][,snapshot][,virtio|ide|sata]. Any other part after a comma is taken for a piece of the file's name.
Result<FileDiskOptions> parse_disk_options(std::string_view text);

class FileDisk final : public Disk {
public:
    // Locks the file (flock): one writer, or any number of readers. Every error names the file and what to do.
    static Result<std::unique_ptr<FileDisk>> open(const FileDiskOptions& options);
    ~FileDisk() override;
    FileDisk(const FileDisk&) = delete;
    FileDisk& operator=(const FileDisk&) = delete;

    [[nodiscard]] u64 size_bytes() const override { return size_; }
    [[nodiscard]] bool read_only() const override { return read_only_; }
    Status read(u64 offset, std::span<const iovec> pieces) override;
    Status write(u64 offset, std::span<const iovec> pieces) override;
    Status flush() override;
    Status discard(u64 offset, u64 size) override;
    Status write_zeroes(u64 offset, u64 size, bool may_unmap) override;
    void state(StateVisitor& visitor) override;

private:
    FileDisk(std::string path, int fd, u64 size, bool read_only, std::unique_ptr<Overlay> overlay)
        : path_(std::move(path)), fd_(fd), size_(size), read_only_(read_only), overlay_(std::move(overlay)) {}
    Status write_zero_bytes(u64 offset, u64 size);

    std::string path_;
    int fd_;
    u64 size_;
    bool read_only_;
    std::unique_ptr<Overlay> overlay_;
};

} // namespace orrery
