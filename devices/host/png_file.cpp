#include "devices/host/png_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <zlib.h>

namespace orrery {
namespace {

constexpr u8 signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}; // PNG 5.2
constexpr u8 header_rest[] = {8, 2, 0, 0, 0}; // PNG 11.2.1: eight bits of red, green, blue; nothing special
constexpr u8 filter_up = 2;                   // PNG 9.2: each byte minus the one above, which suits screens

void append_word(std::vector<u8>& out, u32 value) {
    for (const u32 shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<u8>(value >> shift));
}

// PNG 5.3: length, type, data, and a check of the latter two.
void append_chunk(std::vector<u8>& out, std::string_view type, const std::vector<u8>& data) {
    append_word(out, static_cast<u32>(data.size()));
    const std::size_t checked = out.size();
    out.insert(out.end(), type.begin(), type.end());
    out.insert(out.end(), data.begin(), data.end());
    append_word(out, static_cast<u32>(::crc32(0, out.data() + checked, static_cast<uInt>(out.size() - checked))));
}

std::vector<u8> filtered_rows(const Image& image) {
    const std::size_t row_bytes = std::size_t{image.width} * 3;
    std::vector<u8> rows;
    rows.reserve((row_bytes + 1) * image.height);
    std::vector<u8> above(row_bytes), row(row_bytes);
    for (u32 y = 0; y < image.height; ++y) {
        for (u32 x = 0; x < image.width; ++x)
            for (u32 i = 0; i < 3; ++i) row[x * 3 + i] = static_cast<u8>(image.row(y)[x] >> (16 - i * 8));
        rows.push_back(filter_up);
        for (std::size_t i = 0; i < row_bytes; ++i) rows.push_back(static_cast<u8>(row[i] - above[i]));
        std::swap(above, row);
    }
    return rows;
}

std::vector<u8> compressed(const std::vector<u8>& data) {
    uLongf size = ::compressBound(static_cast<uLong>(data.size()));
    std::vector<u8> out(size);
    const int result = ::compress2(out.data(), &size, data.data(), static_cast<uLong>(data.size()), Z_BEST_SPEED);
    ORRERY_ASSERT(result == Z_OK, "compressBound() bytes are enough");
    out.resize(size);
    return out;
}

} // namespace

std::vector<u8> png_bytes(const Image& image) {
    std::vector<u8> header;
    append_word(header, image.width);
    append_word(header, image.height);
    header.insert(header.end(), std::begin(header_rest), std::end(header_rest));
    std::vector<u8> out(std::begin(signature), std::end(signature));
    append_chunk(out, "IHDR", header);
    append_chunk(out, "IDAT", compressed(filtered_rows(image)));
    append_chunk(out, "IEND", {});
    return out;
}

Status write_png(const std::string& path, const Image& image) {
    if (image.pixels.empty()) return error("{}: the screen has no picture to write", path);
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wb"));
    if (!file) return error("the picture can't be written to {}: {}", path, errno_text(errno));
    const std::vector<u8> bytes = png_bytes(image);
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
    if (!written || std::fflush(file.get()) != 0)
        return error("the picture can't be written to {}: {}", path, errno_text(errno));
    return {};
}

} // namespace orrery
