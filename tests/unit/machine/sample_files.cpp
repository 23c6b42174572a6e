#include "tests/unit/machine/sample_files.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace orrery::test {
namespace {

template <typename T> void put(std::vector<u8>& bytes, u64 at, T value) {
    if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

} // namespace

void put16(std::vector<u8>& bytes, u64 at, u16 value) { put(bytes, at, value); }
void put32(std::vector<u8>& bytes, u64 at, u32 value) { put(bytes, at, value); }
void put64(std::vector<u8>& bytes, u64 at, u64 value) { put(bytes, at, value); }

void put_text(std::vector<u8>& bytes, u64 at, std::string_view text) {
    if (bytes.size() < at + text.size()) bytes.resize(at + text.size());
    std::memcpy(bytes.data() + at, text.data(), text.size());
}

std::vector<u8> riscv_image(u64 text_offset, u64 image_size) {
    std::vector<u8> bytes(4096);
    for (u64 i = 0x40; i < bytes.size(); ++i) bytes[i] = static_cast<u8>((i * 2654435761u) >> 13);
    put64(bytes, 8, text_offset);
    put64(bytes, 16, image_size);
    put_text(bytes, 0x30, "RISCV");
    put_text(bytes, 0x38, "RSC\x05");
    return bytes;
}

std::vector<u8> riscv_elf() {
    std::vector<u8> bytes(64 + 56 + 16);
    put_text(bytes, 0,
             "\x7f"
             "ELF\x02\x01\x01");
    put16(bytes, 16, 2);
    put16(bytes, 18, 243);
    put64(bytes, 24, 0xffffffff80000004);
    put64(bytes, 32, 64);
    put16(bytes, 54, 56);
    put16(bytes, 56, 1);
    put32(bytes, 64, 1);
    put64(bytes, 64 + 8, 64 + 56);
    put64(bytes, 64 + 16, 0xffffffff80000000);
    put64(bytes, 64 + 24, 0x80200000);
    put64(bytes, 64 + 32, 16);
    put64(bytes, 64 + 40, 64);
    for (u8 i = 0; i < 16; ++i) bytes[64 + 56 + i] = static_cast<u8>(0xa0 + i);
    return bytes;
}

std::vector<u8> gzip(const std::vector<u8>& bytes) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::vector<u8> packed(deflateBound(&stream, bytes.size()) + 64);
    stream.next_in = const_cast<u8*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::vector<u8> xz(const std::vector<u8>& bytes) {
    std::vector<u8> packed(lzma_stream_buffer_bound(bytes.size()));
    std::size_t used = 0;
    lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, bytes.data(), bytes.size(), packed.data(), &used,
                            packed.size());
    packed.resize(used);
    return packed;
}

std::vector<u8> lzma(const std::vector<u8>& bytes) {
    lzma_options_lzma options;
    lzma_lzma_preset(&options, 6);
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_alone_encoder(&stream, &options) != LZMA_OK) std::abort();
    std::vector<u8> packed(lzma_stream_buffer_bound(bytes.size()) + 256);
    stream.next_in = bytes.data();
    stream.avail_in = bytes.size();
    stream.next_out = packed.data();
    stream.avail_out = packed.size();
    if (lzma_code(&stream, LZMA_FINISH) != LZMA_STREAM_END) std::abort();
    packed.resize(stream.total_out);
    lzma_end(&stream);
    return packed;
}

std::vector<u8> zstd(const std::vector<u8>& bytes) {
    std::vector<u8> packed(ZSTD_compressBound(bytes.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
    return packed;
}

std::vector<u8> zboot(const std::vector<u8>& payload, const std::string& packed_by, u16 pe_machine) {
    std::vector<u8> bytes(0x200);
    put_text(bytes, 0, "MZ");
    put_text(bytes, 4, "zimg");
    put32(bytes, 8, 0x200);
    put32(bytes, 12, static_cast<u32>(payload.size()));
    put_text(bytes, 24, packed_by);
    put32(bytes, 0x3c, 0x40);
    put_text(bytes, 0x40, "PE");
    put16(bytes, 0x44, pe_machine);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "orrery-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, const std::vector<u8>& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path;
}

} // namespace orrery::test
