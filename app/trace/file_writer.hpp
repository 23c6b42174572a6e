// A trace file being written. Any thread may add blocks; what fails is told once, and the rest is dropped.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "app/trace/encoder.hpp"
#include "app/trace/header.hpp"

struct ZSTD_CCtx_s;

namespace orrery::app::trace {

inline constexpr std::size_t block_start_bytes = 40;
inline constexpr std::string_view block_magic = "OTRB";
inline constexpr std::string_view end_magic = "OTRE";
inline constexpr std::size_t checked_bytes = block_start_bytes - 4; // the check sum is behind them

// How blocks are packed; one for each thread that adds any.
class Packer {
public:
    Packer();
    ~Packer();
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;
    // A whole block as it stands in the file.
    std::span<const u8> pack(const Encoder& encoder, u32 cpu);

private:
    ZSTD_CCtx_s* context_;
    std::vector<u8> packed_;
};

class FileWriter {
public:
    // Overwrites a file that is there. Pipes are refused: whoever reads them could hold up the guest.
    static Result<std::unique_ptr<FileWriter>> create(const std::string& path, const Header& header);
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    // False: no more is wanted.
    bool add(std::span<const u8> block);
    // Marks the file as whole. The error is the first that there was.
    Status finish();

    [[nodiscard]] u64 size_bytes() const;
    [[nodiscard]] std::optional<Error> failure() const;

private:
    FileWriter(std::string path, int file) : path_(std::move(path)), file_(file) {}
    void write(std::span<const u8> bytes);

    const std::string path_;
    int file_;
    mutable std::mutex mutex_; // guards all below
    u64 size_bytes_ = 0;
    u64 blocks_ = 0;
    std::optional<Error> failure_;
};

} // namespace orrery::app::trace
