#include "machine/loader/unpack.hpp"

#include <algorithm>
#include <memory>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "machine/loader/byte_view.hpp"

namespace orrery {
namespace {

constexpr u64 smallest_step_bytes = 1 * MiB;
constexpr u64 largest_step_bytes = 64 * MiB;
constexpr u64 decoder_memory_bytes = 256 * MiB; // what a decoder may need for its dictionary

// Where unpacked bytes go. It grows in steps, so that a short file claims little. It takes one byte more than the
// limit, which tells a file that fills it from one that exceeds it.
class Output {
public:
    explicit Output(u64 limit_bytes) : limit_(limit_bytes) {}

    // Room for more bytes; empty once the limit is exceeded.
    std::span<u8> room() {
        if (used_ == bytes_.size() && !exceeded()) {
            const u64 step = std::clamp<u64>(bytes_.size(), smallest_step_bytes, largest_step_bytes);
            bytes_.resize(std::min(limit_ + 1, bytes_.size() + step));
        }
        return std::span(bytes_).subspan(used_);
    }
    [[nodiscard]] bool exceeded() const { return used_ > limit_; }
    void filled(u64 count) { used_ += count; }
    [[nodiscard]] u64 limit() const { return limit_; }
    std::vector<u8> take() {
        bytes_.resize(used_);
        return std::move(bytes_);
    }

private:
    u64 limit_;
    u64 used_ = 0;
    std::vector<u8> bytes_;
};

std::unexpected<Error> too_large(const Output& output) {
    return error("unpacks to more than the {} bytes there are of guest memory; give the guest more with --memory",
                 output.limit());
}
std::unexpected<Error> cut_short(Packing packing) {
    return error("is cut short: its {} data ends early; fetch or copy it again", name(packing));
}
std::unexpected<Error> damaged(Packing packing) {
    return error("is damaged: its {} data makes no sense; fetch or copy it again", name(packing));
}

// Each of these unpacks one stream and returns how many bytes of `packed` it took.

Result<u64> inflate_gzip(std::span<const u8> packed, Output& output) {
    z_stream stream{};
    constexpr int gzip_with_largest_window = 16 + MAX_WBITS;
    if (::inflateInit2(&stream, gzip_with_largest_window) != Z_OK) return error("can't be unpacked: no memory");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> ended_on_return(&stream, ::inflateEnd);
    u64 taken = 0;
    for (;;) {
        const std::span<u8> room = output.room();
        if (room.empty()) return too_large(output);
        const u64 offered = std::min<u64>(packed.size() - taken, largest_step_bytes);
        stream.next_in = const_cast<u8*>(packed.data() + taken);
        stream.avail_in = static_cast<uInt>(offered);
        stream.next_out = room.data();
        stream.avail_out = static_cast<uInt>(std::min(room.size(), largest_step_bytes));
        const uInt room_before = stream.avail_out;
        const int state = ::inflate(&stream, Z_NO_FLUSH);
        taken += offered - stream.avail_in;
        output.filled(room_before - stream.avail_out);
        if (state == Z_STREAM_END) return taken;
        if (state == Z_BUF_ERROR || (state == Z_OK && taken == packed.size() && stream.avail_out != 0))
            return cut_short(Packing::gzip);
        if (state != Z_OK) return damaged(Packing::gzip);
    }
}

Result<u64> decode_lzma(Packing packing, std::span<const u8> packed, Output& output) {
    lzma_stream stream = LZMA_STREAM_INIT;
    const lzma_ret begun = packing == Packing::xz ? ::lzma_stream_decoder(&stream, decoder_memory_bytes, 0)
                                                  : ::lzma_alone_decoder(&stream, decoder_memory_bytes);
    if (begun != LZMA_OK) return error("can't be unpacked: no memory");
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> ended_on_return(&stream, ::lzma_end);
    stream.next_in = packed.data();
    stream.avail_in = packed.size();
    for (;;) {
        const std::span<u8> room = output.room();
        if (room.empty()) return too_large(output);
        stream.next_out = room.data();
        stream.avail_out = room.size();
        const lzma_ret state = ::lzma_code(&stream, LZMA_FINISH);
        output.filled(room.size() - stream.avail_out);
        if (state == LZMA_STREAM_END) return packed.size() - stream.avail_in;
        if (state == LZMA_BUF_ERROR || (state == LZMA_OK && stream.avail_in == 0 && stream.avail_out != 0))
            return cut_short(packing);
        if (state == LZMA_MEMLIMIT_ERROR || state == LZMA_MEM_ERROR)
            return error("needs more than {} MiB to unpack; pack it with a smaller dictionary",
                         decoder_memory_bytes / MiB);
        if (state != LZMA_OK) return damaged(packing);
    }
}

Result<u64> decode_zstd(std::span<const u8> packed, Output& output) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> decoder(::ZSTD_createDCtx(), ::ZSTD_freeDCtx);
    if (!decoder) return error("can't be unpacked: no memory");
    constexpr int window_log = 27; // 128 MiB, zstd's own limit for streams
    ::ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, window_log);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    for (;;) {
        const std::span<u8> room = output.room();
        if (room.empty()) return too_large(output);
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        const std::size_t left = ::ZSTD_decompressStream(decoder.get(), &out, &in);
        if (::ZSTD_isError(left)) return damaged(Packing::zstd);
        output.filled(out.pos);
        if (left == 0) return in.pos;
        if (in.pos == in.size && out.pos < out.size) return cut_short(Packing::zstd);
    }
}

Result<u64> unpack_one(Packing packing, std::span<const u8> packed, Output& output) {
    switch (packing) {
    case Packing::gzip:
        return inflate_gzip(packed, output);
    case Packing::xz:
    case Packing::lzma:
        return decode_lzma(packing, packed, output);
    case Packing::zstd:
        return decode_zstd(packed, output);
    }
    std::unreachable();
}

} // namespace

std::string_view name(Packing packing) {
    switch (packing) {
    case Packing::gzip:
        return "gzip";
    case Packing::xz:
        return "xz";
    case Packing::lzma:
        return "lzma";
    case Packing::zstd:
        return "zstd";
    }
    std::unreachable();
}

std::optional<Packing> recognise_packing(std::span<const u8> packed) {
    const ByteView view(packed);
    if (view.holds(0, "\x1f\x8b\x08")) return Packing::gzip;
    if (view.holds(0, std::string_view("\xfd\x37\x7a\x58\x5a\x00", 6))) return Packing::xz;
    if (view.holds(0, "\x28\xb5\x2f\xfd")) return Packing::zstd;
    return std::nullopt;
}

Result<std::vector<u8>> unpack(Packing packing, std::span<const u8> packed, u64 limit_bytes) {
    Output output(limit_bytes);
    for (;;) {
        const u64 taken = TRY(unpack_one(packing, packed, output));
        packed = packed.subspan(taken);
        if (taken == 0 || recognise_packing(packed) != packing) break;
    }
    if (output.exceeded()) return too_large(output);
    return output.take();
}

} // namespace orrery
