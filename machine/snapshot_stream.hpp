// A snapshot's file as a stream of numbers, texts and bytes: a plain header that tells what it is, then one zstd frame
// with a checksum.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace orrery {

// Raised when the order or meaning of what is written changes. What a component writes has versions of its own.
inline constexpr u32 snapshot_format = 1;

// Writes to a file beside the one that is meant, which finish() puts in its place; unfinished, it goes away. An error
// stays, and finish() returns it.
class SnapshotWriter {
public:
    static Result<std::unique_ptr<SnapshotWriter>> create(const std::string& path);
    ~SnapshotWriter();
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;

    void bytes(std::span<const u8> bytes);
    void number(u64 value) { bytes({reinterpret_cast<const u8*>(&value), sizeof value}); }
    void text(std::string_view text);
    Status finish();

private:
    SnapshotWriter(std::string path, std::string temporary, int file, ZSTD_CCtx_s* packer);
    void pack(std::span<const u8> bytes, bool last);
    void write(std::span<const u8> bytes);

    std::string path_;
    std::string temporary_;
    int file_;
    ZSTD_CCtx_s* packer_;
    std::vector<u8> packed_;
    int failure_ = 0; // an errno value
};

// Errors: not a snapshot, another format, cut short, damaged; each names the file.
class SnapshotReader {
public:
    static Result<std::unique_ptr<SnapshotReader>> open(const std::string& path);
    ~SnapshotReader();
    SnapshotReader(const SnapshotReader&) = delete;
    SnapshotReader& operator=(const SnapshotReader&) = delete;

    // Back to the first number.
    Status rewind();
    Status bytes(std::span<u8> out);
    Result<u64> number();
    Result<std::string> text();
    Result<std::vector<u8>> block(u64 size_bytes);
    // Only now is it certain that all that was read is as it was written.
    Status end();
    [[nodiscard]] std::unexpected<Error> damaged(std::string_view why) const;

private:
    SnapshotReader(std::string path, int file, ZSTD_DCtx_s* unpacker);
    Status check_header();
    // More unpacked bytes in ready_, or none at the frame's end.
    Status refill();
    Status read_packed();

    std::string path_;
    int file_;
    ZSTD_DCtx_s* unpacker_;
    std::vector<u8> packed_;
    std::size_t packed_at_ = 0;
    std::size_t packed_end_ = 0;
    std::vector<u8> unpacked_;
    std::span<const u8> ready_;
    bool frame_ended_ = false;
};

} // namespace orrery
