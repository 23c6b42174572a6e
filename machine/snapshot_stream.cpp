#include "machine/snapshot_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace orrery {
namespace {

constexpr std::array<char, 8> magic{'O', 'R', 'R', 'E', 'R', 'Y', 'S', 'S'};
constexpr int packing_level = 1; // guest memory is large, and disks are fast
constexpr std::size_t buffer_bytes = 1 * MiB;
constexpr u64 longest_text = 4096;

struct Header {
    std::array<char, 8> magic;
    u32 format;
    u32 reserved;
};

} // namespace

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(const std::string& path) {
    const std::string temporary = path + ".unfinished";
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return error("the snapshot '{}' can't be written: {}", path, errno_text(errno));
    ZSTD_CCtx* packer = ::ZSTD_createCCtx();
    std::unique_ptr<SnapshotWriter> writer(new SnapshotWriter(path, temporary, file, packer));
    if (!packer) return error("the snapshot '{}' can't be written: no memory", path);
    ::ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, packing_level);
    ::ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1);
    const Header header{magic, snapshot_format, 0};
    writer->write({reinterpret_cast<const u8*>(&header), sizeof header});
    return writer;
}

SnapshotWriter::SnapshotWriter(std::string path, std::string temporary, int file, ZSTD_CCtx* packer)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(file), packer_(packer), packed_(buffer_bytes) {}

SnapshotWriter::~SnapshotWriter() {
    ::ZSTD_freeCCtx(packer_);
    ::close(file_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void SnapshotWriter::write(std::span<const u8> bytes) {
    while (!bytes.empty() && failure_ == 0) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) failure_ = errno;
        if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void SnapshotWriter::pack(std::span<const u8> bytes, bool last) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t left = 1;
    while (failure_ == 0 && (last ? left != 0 : in.pos < in.size)) {
        ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
        left = ::ZSTD_compressStream2(packer_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (::ZSTD_isError(left))
            failure_ = ENOMEM;
        else
            write({packed_.data(), out.pos});
    }
}

void SnapshotWriter::bytes(std::span<const u8> bytes) { pack(bytes, false); }

void SnapshotWriter::text(std::string_view text) {
    number(text.size());
    bytes({reinterpret_cast<const u8*>(text.data()), text.size()});
}

Status SnapshotWriter::finish() {
    pack({}, true);
    if (failure_ == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) failure_ = errno;
    if (failure_ != 0) return error("the snapshot '{}' can't be written: {}", path_, errno_text(failure_));
    temporary_.clear();
    return {};
}

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return error("the snapshot '{}' can't be opened: {}", path, errno_text(errno));
    std::unique_ptr<SnapshotReader> reader(new SnapshotReader(path, file, ::ZSTD_createDCtx()));
    struct stat info{};
    if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
        return error("the snapshot '{}' is not a file; name one that --save wrote", path);
    if (!reader->unpacker_) return error("the snapshot '{}' can't be read: no memory", path);
    TRY_STATUS(reader->rewind());
    return reader;
}

SnapshotReader::SnapshotReader(std::string path, int file, ZSTD_DCtx* unpacker)
    : path_(std::move(path)), file_(file), unpacker_(unpacker), packed_(buffer_bytes), unpacked_(buffer_bytes) {}

SnapshotReader::~SnapshotReader() {
    ::ZSTD_freeDCtx(unpacker_);
    ::close(file_);
}

std::unexpected<Error> SnapshotReader::damaged(std::string_view why) const {
    return error("the snapshot '{}' is damaged: {}; copy or save it again", path_, why);
}

Status SnapshotReader::rewind() {
    ::lseek(file_, 0, SEEK_SET);
    ::ZSTD_DCtx_reset(unpacker_, ZSTD_reset_session_only);
    packed_at_ = packed_end_ = 0;
    ready_ = {};
    frame_ended_ = false;
    return check_header();
}

Status SnapshotReader::check_header() {
    TRY_STATUS(read_packed());
    Header header{};
    std::memcpy(&header, packed_.data(), std::min(sizeof header, packed_end_));
    if (packed_end_ < sizeof magic || header.magic != magic)
        return error("'{}' is no snapshot; name a file that --save wrote", path_);
    if (packed_end_ < sizeof header) return damaged("it is cut short");
    if (header.format != snapshot_format)
        return error(
            "the snapshot '{}' has format {}, but this orrery reads format {}; restore it with the orrery that "
            "saved it",
            path_, header.format, snapshot_format);
    packed_at_ = sizeof header;
    return {};
}

Status SnapshotReader::read_packed() {
    packed_at_ = packed_end_ = 0;
    ssize_t got = -1;
    do got = ::read(file_, packed_.data(), packed_.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return error("the snapshot '{}' can't be read: {}", path_, errno_text(errno));
    packed_end_ = static_cast<std::size_t>(got);
    return {};
}

Status SnapshotReader::refill() {
    while (ready_.empty() && !frame_ended_) {
        ZSTD_outBuffer out{unpacked_.data(), unpacked_.size(), 0};
        ZSTD_inBuffer in{packed_.data(), packed_end_, packed_at_};
        const std::size_t left = ::ZSTD_decompressStream(unpacker_, &out, &in);
        if (::ZSTD_isError(left)) return damaged(::ZSTD_getErrorName(left));
        packed_at_ = in.pos;
        ready_ = std::span<const u8>(unpacked_).first(out.pos);
        frame_ended_ = left == 0;
        if (!ready_.empty() || frame_ended_ || packed_at_ < packed_end_) continue;
        TRY_STATUS(read_packed());
        if (packed_end_ == 0) return damaged("it is cut short");
    }
    return {};
}

Status SnapshotReader::bytes(std::span<u8> out) {
    while (!out.empty()) {
        TRY_STATUS(refill());
        if (ready_.empty()) return damaged("it ends too early");
        const std::size_t count = std::min(out.size(), ready_.size());
        std::memcpy(out.data(), ready_.data(), count);
        out = out.subspan(count);
        ready_ = ready_.subspan(count);
    }
    return {};
}

Result<u64> SnapshotReader::number() {
    u64 value = 0;
    TRY_STATUS(bytes({reinterpret_cast<u8*>(&value), sizeof value}));
    return value;
}

Result<std::vector<u8>> SnapshotReader::block(u64 size_bytes) {
    // In steps: a size that a damaged file claims is not to be reserved at once.
    std::vector<u8> out;
    while (out.size() < size_bytes) {
        const u64 filled = out.size();
        out.resize(filled + std::min<u64>(size_bytes - filled, 16 * MiB));
        TRY_STATUS(bytes(std::span(out).subspan(filled)));
    }
    return out;
}

Result<std::string> SnapshotReader::text() {
    const u64 size = TRY(number());
    if (size > longest_text) return damaged("a name is too long");
    const std::vector<u8> characters = TRY(block(size));
    return std::string(characters.begin(), characters.end());
}

Status SnapshotReader::end() {
    TRY_STATUS(refill());
    if (packed_at_ == packed_end_) TRY_STATUS(read_packed());
    if (!ready_.empty() || packed_at_ < packed_end_) return damaged("something follows its end");
    return {};
}

} // namespace orrery
