// Reads a trace file block by block, whatever is in it: damage is an error that names the place, never more, and a
// block that is handed out is as it was written. Memory is bounded whatever the file says.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "app/trace/header.hpp"
#include "app/trace/record.hpp"

struct ZSTD_DCtx_s;

namespace orrery::app::trace {

// Where the bytes come from.
class Input {
public:
    virtual ~Input() = default;
    // How many bytes were read: fewer than asked for only at the end.
    virtual std::size_t read(std::span<u8> out) = 0;
};

class FileInput final : public Input {
public:
    static Result<std::unique_ptr<FileInput>> open(const std::string& path);
    std::size_t read(std::span<u8> out) override;

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    explicit FileInput(std::FILE* file) : file_(file) {}
    std::unique_ptr<std::FILE, Close> file_;
};

class MemoryInput final : public Input {
public:
    explicit MemoryInput(std::span<const u8> bytes) : bytes_(bytes) {}
    std::size_t read(std::span<u8> out) override;

private:
    std::span<const u8> bytes_;
};

struct Block {
    u64 offset = 0; // in the file
    u32 cpu = 0;
    u64 least_count = 0, most_count = 0;
    u32 records = 0;
    std::span<const u8> bytes; // for a Decoder; valid until the next block is read
};

class FileReader {
public:
    // `input` outlives the reader.
    static Result<std::unique_ptr<FileReader>> create(Input& input);
    ~FileReader();
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    [[nodiscard]] const Header& header() const { return header_; }
    // Empty at the end of a whole file. The error of one that isn't says how far it is; nothing is read behind it.
    Result<std::optional<Block>> next();

private:
    explicit FileReader(Input& input);
    Status read_header();
    Status read_payload(std::span<const u8> start, Block& block);
    Status read_end(std::span<const u8> start);
    // False: the file ends before.
    bool fill(std::span<u8> out);

    Input& input_;
    u64 offset_ = 0;
    u64 blocks_ = 0;
    bool over_ = false;
    Header header_;
    ZSTD_DCtx_s* unpacker_;
    std::vector<u8> packed_, bytes_;
};

} // namespace orrery::app::trace
