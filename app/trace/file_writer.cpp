#include "app/trace/file_writer.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "app/trace/bytes.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app::trace {
namespace {

constexpr int quickest_level = 1;

std::vector<u8> file_start(const Header& header) {
    const std::string text = header_text(header);
    std::vector<u8> bytes(file_start_bytes);
    std::ranges::copy(file_magic, bytes.begin());
    put_number<u32>(bytes, 8, file_version);
    put_number<u32>(bytes, 12, static_cast<u32>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
    const u32 check = checksum(bytes, {});
    bytes.resize(bytes.size() + sizeof check);
    put_number(bytes, bytes.size() - sizeof check, check);
    return bytes;
}

} // namespace

u32 checksum(std::span<const u8> first, std::span<const u8> second) {
    uLong sum = ::crc32_z(0, first.data(), first.size());
    if (!second.empty()) sum = ::crc32_z(sum, second.data(), second.size());
    return static_cast<u32>(sum);
}

Packer::Packer() : context_(::ZSTD_createCCtx()) { ORRERY_ASSERT(context_, "zstd's context is small"); }
Packer::~Packer() { ::ZSTD_freeCCtx(context_); }

std::span<const u8> Packer::pack(const Encoder& encoder, u32 cpu) {
    const std::span<const u8> raw = encoder.bytes();
    packed_.resize(block_start_bytes + ::ZSTD_compressBound(raw.size()));
    const std::span<u8> payload = std::span(packed_).subspan(block_start_bytes);
    const std::size_t size =
        ::ZSTD_compressCCtx(context_, payload.data(), payload.size(), raw.data(), raw.size(), quickest_level);
    ORRERY_ASSERT(::ZSTD_isError(size) == 0, "there is room for the worst case");
    std::ranges::copy(block_magic, packed_.begin());
    put_number<u32>(packed_, 4, cpu);
    put_number<u64>(packed_, 8, encoder.least_count());
    put_number<u64>(packed_, 16, encoder.most_count());
    put_number<u32>(packed_, 24, encoder.records());
    put_number<u32>(packed_, 28, static_cast<u32>(raw.size()));
    put_number<u32>(packed_, 32, static_cast<u32>(size));
    put_number<u32>(packed_, checked_bytes, checksum(std::span(packed_).first(checked_bytes), payload.first(size)));
    return std::span(packed_).first(block_start_bytes + size);
}

Result<std::unique_ptr<FileWriter>> FileWriter::create(const std::string& path, const Header& header) {
    // Without O_NONBLOCK opening a pipe waits for its reader.
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (file < 0) return error("'{}' can't be written: {}", path, errno == ENXIO ? "it is a pipe" : errno_text(errno));
    std::unique_ptr<FileWriter> writer(new FileWriter(path, file));
    struct stat status{};
    if (::fstat(file, &status) != 0) return error("'{}' can't be written: {}", path, errno_text(errno));
    if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
        return error("'{}' is no file; a trace goes to a file, since nothing may hold up the guest", path);
    if (S_ISREG(status.st_mode) && ::ftruncate(file, 0) != 0)
        return error("'{}' can't be emptied: {}", path, errno_text(errno));
    writer->write(file_start(header));
    if (writer->failure_) return std::unexpected(*writer->failure_);
    return writer;
}

FileWriter::~FileWriter() { ::close(file_); }

void FileWriter::write(std::span<const u8> bytes) {
    for (std::span<const u8> rest = bytes; !rest.empty();) {
        const ssize_t done = ::write(file_, rest.data(), rest.size());
        if (done > 0) {
            rest = rest.subspan(static_cast<std::size_t>(done));
            continue;
        }
        if (done < 0 && errno == EINTR) continue;
        failure_ = Error(fmt::format("'{}': {}", path_, done < 0 ? errno_text(errno) : "nothing more can be written"));
        // What is there stays readable: no part of a block.
        [[maybe_unused]] const int ignored = ::ftruncate(file_, static_cast<off_t>(size_bytes_));
        return;
    }
    size_bytes_ += bytes.size();
}

bool FileWriter::add(std::span<const u8> block) {
    std::lock_guard guard(mutex_);
    if (failure_) return false;
    write(block);
    if (failure_) {
        log::warning("the trace ends after {} blocks, and the guest goes on without: {}", blocks_, failure_->message());
        return false;
    }
    ++blocks_;
    return true;
}

Status FileWriter::finish() {
    std::lock_guard guard(mutex_);
    if (failure_) return std::unexpected(*failure_);
    std::vector<u8> end(block_start_bytes);
    std::ranges::copy(end_magic, end.begin());
    put_number<u64>(end, 8, blocks_);
    put_number<u32>(end, checked_bytes, checksum(std::span(end).first(checked_bytes), {}));
    write(end);
    if (failure_) return std::unexpected(*failure_);
    return {};
}

u64 FileWriter::size_bytes() const {
    std::lock_guard guard(mutex_);
    return size_bytes_;
}

std::optional<Error> FileWriter::failure() const {
    std::lock_guard guard(mutex_);
    return failure_;
}

} // namespace orrery::app::trace
