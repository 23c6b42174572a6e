#include "app/trace/file_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/stat.h>
#include <zstd.h>

#include "app/trace/bytes.hpp"
#include "app/trace/file_writer.hpp"

namespace orrery::app::trace {
namespace {

bool begins_with(std::span<const u8> bytes, std::string_view magic) {
    return std::ranges::equal(bytes.first(magic.size()), magic,
                              [](u8 byte, char letter) { return byte == static_cast<u8>(letter); });
}

} // namespace

Result<std::unique_ptr<FileInput>> FileInput::open(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) return error("'{}' can't be read: {}", path, errno_text(errno));
    std::unique_ptr<FileInput> input(new FileInput(file));
    struct stat status{};
    if (::fstat(::fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) return error("'{}' is a folder", path);
    return input;
}

std::size_t FileInput::read(std::span<u8> out) { return std::fread(out.data(), 1, out.size(), file_.get()); }

std::size_t MemoryInput::read(std::span<u8> out) {
    const std::size_t count = std::min(out.size(), bytes_.size());
    std::ranges::copy(bytes_.first(count), out.begin());
    bytes_ = bytes_.subspan(count);
    return count;
}

FileReader::FileReader(Input& input) : input_(input), unpacker_(::ZSTD_createDCtx()) {
    ORRERY_ASSERT(unpacker_, "zstd's context is small");
}

FileReader::~FileReader() { ::ZSTD_freeDCtx(unpacker_); }

bool FileReader::fill(std::span<u8> out) {
    const std::size_t count = input_.read(out);
    offset_ += count;
    return count == out.size();
}

Result<std::unique_ptr<FileReader>> FileReader::create(Input& input) {
    std::unique_ptr<FileReader> reader(new FileReader(input));
    TRY_STATUS(reader->read_header());
    return reader;
}

Status FileReader::read_header() {
    std::vector<u8> bytes(file_start_bytes);
    if (!fill(bytes) || !begins_with(bytes, file_magic)) return error("this is no trace file of Orrery's");
    const u32 version = get_number<u32>(bytes, 8);
    if (version < oldest_version || version > file_version)
        return error("the file is of version {}, and this program reads versions {} to {}", version, oldest_version,
                     file_version);
    const u32 size = get_number<u32>(bytes, 12);
    if (size > longest_header_bytes) return error("the header at byte 0 is damaged: it can't have {} bytes", size);
    bytes.resize(file_start_bytes + size + sizeof(u32));
    if (!fill(std::span(bytes).subspan(file_start_bytes))) return error("the file ends within its header");
    const std::span<const u8> checked = std::span(bytes).first(file_start_bytes + size);
    if (checksum(checked, {}) != get_number<u32>(bytes, checked.size()))
        return error("the header at byte 0 is damaged: its check sum is wrong");
    header_ = parse_header({reinterpret_cast<const char*>(bytes.data()) + file_start_bytes, size});
    return {};
}

Status FileReader::read_payload(std::span<const u8> start, Block& block) {
    block.cpu = get_number<u32>(start, 4);
    block.least_count = get_number<u64>(start, 8);
    block.most_count = get_number<u64>(start, 16);
    block.records = get_number<u32>(start, 24);
    const u32 size = get_number<u32>(start, 28);
    const u32 packed_size = get_number<u32>(start, 32);
    if (size > largest_block_bytes || packed_size > ::ZSTD_compressBound(largest_block_bytes))
        return error("the block at byte {} is damaged: it can't have {} bytes", block.offset,
                     std::max(size, packed_size));
    packed_.resize(packed_size);
    if (!fill(packed_))
        return error("the file ends within a block, at byte {}; the {} blocks before are all there is", offset_,
                     blocks_);
    if (checksum(start.first(checked_bytes), packed_) != get_number<u32>(start, checked_bytes))
        return error("the block at byte {} is damaged: its check sum is wrong", block.offset);
    if (block.cpu >= header_.cpus.size())
        return error("the block at byte {} is damaged: it is of CPU {}, and there are {}", block.offset, block.cpu,
                     header_.cpus.size());
    bytes_.resize(size);
    const std::size_t done =
        ::ZSTD_decompressDCtx(unpacker_, bytes_.data(), bytes_.size(), packed_.data(), packed_.size());
    if (::ZSTD_isError(done) != 0 || done != size)
        return error("the block at byte {} is damaged: it can't be unpacked", block.offset);
    block.bytes = bytes_;
    return {};
}

Status FileReader::read_end(std::span<const u8> start) {
    const u64 blocks = get_number<u64>(start, 8);
    if (checksum(start.first(checked_bytes), {}) == get_number<u32>(start, checked_bytes) && blocks == blocks_)
        return {};
    return error("the end mark at byte {} is damaged", offset_ - start.size());
}

Result<std::optional<Block>> FileReader::next() {
    if (over_) return std::nullopt;
    over_ = true;
    Block block;
    block.offset = offset_;
    std::array<u8, block_start_bytes> start{};
    if (!fill(start))
        return error("the file ends at byte {} without an end mark, as when the run was killed or the disk was full; "
                     "the {} blocks before are all there is",
                     offset_, blocks_);
    if (begins_with(start, end_magic)) {
        TRY_STATUS(read_end(start));
        return std::nullopt;
    }
    if (!begins_with(start, block_magic)) return error("at byte {} there is no block", block.offset);
    TRY_STATUS(read_payload(start, block));
    ++blocks_;
    over_ = false;
    return block;
}

} // namespace orrery::app::trace
