#include "app/gdb/packet.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "app/gdb/hex.hpp"

namespace orrery::app::gdb {
namespace {

constexpr char escape = '}';
constexpr char escape_flip = 0x20;
constexpr char interrupt_byte = 0x03;

// Eight bytes are dealt with at a time: these loops are most of what moving memory through the stub costs.
using Eight = u64;

Eight load_eight(const void* from) {
    Eight eight = 0;
    std::memcpy(&eight, from, sizeof eight);
    return eight;
}

constexpr Eight repeat(char byte) { return static_cast<u8>(byte) * Eight{0x0101'0101'0101'0101}; }

constexpr bool has_zero(Eight eight) { return ((eight - repeat(1)) & ~eight & repeat('\x80')) != 0; }

u8 checksum_of(std::span<const char> payload) {
    constexpr Eight even_bytes = 0x00ff'00ff'00ff'00ff;
    constexpr std::size_t eights_until_overflow = 128; // four sums of 16 bits, two bytes go into each
    u64 sum = 0;
    while (payload.size() >= sizeof(Eight)) {
        const std::size_t count = std::min(payload.size() / sizeof(Eight), eights_until_overflow);
        Eight sums = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const Eight eight = load_eight(payload.data() + i * sizeof(Eight));
            sums += (eight & even_bytes) + (eight >> 8 & even_bytes);
        }
        sum += sums + (sums >> 16) + (sums >> 32) + (sums >> 48);
        payload = payload.subspan(count * sizeof(Eight));
    }
    for (const char byte : payload) sum += static_cast<u8>(byte);
    return static_cast<u8>(sum);
}

// '*' would begin a run-length code.
constexpr bool needs_escape(u8 byte) { return byte == '#' || byte == '$' || byte == escape || byte == '*'; }

constexpr bool any_needs_escape(Eight eight) {
    return has_zero(eight ^ repeat('#')) || has_zero(eight ^ repeat('$')) || has_zero(eight ^ repeat(escape)) ||
           has_zero(eight ^ repeat('*'));
}

char* escape_to(char* to, std::span<const u8> bytes) {
    for (const u8 byte : bytes) {
        const bool special = needs_escape(byte);
        *to = escape;
        to += special;
        *to++ = static_cast<char>(special ? byte ^ u8{escape_flip} : byte);
    }
    return to;
}

} // namespace

void PacketReader::feed(std::span<const u8> bytes) {
    if (begin_ >= buffer_.size() / 2) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
        scanned_ -= std::min(scanned_, begin_);
        begin_ = 0;
    }
    const auto* characters = reinterpret_cast<const char*>(bytes.data());
    buffer_.insert(buffer_.end(), characters, characters + bytes.size());
}

PacketReader::Event PacketReader::peek(bool check_sums) {
    if (oversized_ && !skip_oversized()) return Event::nothing;
    for (; begin_ < buffer_.size(); ++begin_) {
        switch (buffer_[begin_]) {
        case '$':
            return peek_packet(check_sums);
        case interrupt_byte:
            length_ = 1;
            return Event::interrupt;
        case '-':
            length_ = 1;
            return Event::resend;
        default:
            break; // '+', and what a line that was cut left over
        }
    }
    return Event::nothing;
}

PacketReader::Event PacketReader::peek_packet(bool check_sums) {
    scanned_ = std::max(scanned_, begin_ + 1);
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(scanned_);
    const void* found = std::memchr(buffer_.data() + scanned_, '#', static_cast<std::size_t>(buffer_.end() - from));
    if (found == nullptr) {
        scanned_ = buffer_.size();
        if (buffered_bytes() <= packet_limit_bytes) return Event::nothing;
        oversized_ = true;
        length_ = buffered_bytes();
        return Event::damaged;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
    scanned_ = end;
    if (end + 2 >= buffer_.size()) return Event::nothing;
    length_ = end + 3 - begin_;
    if (length_ > packet_limit_bytes) return Event::damaged;
    std::array<u8, 1> told{};
    if (check_sums && (!decode_hex({&buffer_[end + 1], 2}, told) || told[0] != checksum_of(payload())))
        return Event::damaged;
    return Event::packet;
}

std::span<char> PacketReader::payload() { return {buffer_.data() + begin_ + 1, length_ - 4}; }

void PacketReader::pop() {
    begin_ += length_;
    length_ = 0;
    scanned_ = begin_;
}

bool PacketReader::skip_oversized() {
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto end = std::find(from, buffer_.end(), '#');
    begin_ = static_cast<std::size_t>(end - buffer_.begin());
    scanned_ = begin_;
    oversized_ = end == buffer_.end();
    return !oversized_;
}

std::size_t unescape(std::span<char> data) {
    std::size_t from = 0;
    std::size_t to = 0;
    while (from < data.size()) {
        const void* found = std::memchr(data.data() + from, escape, data.size() - from);
        const std::size_t end =
            found == nullptr ? data.size() : static_cast<std::size_t>(static_cast<const char*>(found) - data.data());
        if (to != from) std::memmove(data.data() + to, data.data() + from, end - from);
        to += end - from;
        from = end + 1;
        if (from < data.size()) data[to++] = static_cast<char>(data[from++] ^ escape_flip);
    }
    return to;
}

void append_escaped(std::string& out, std::span<const u8> bytes) {
    const std::size_t start = out.size();
    out.resize_and_overwrite(start + 2 * bytes.size(), [&](char* begin, std::size_t) {
        char* to = begin + start;
        while (bytes.size() >= sizeof(Eight)) {
            const Eight eight = load_eight(bytes.data());
            if (any_needs_escape(eight)) [[unlikely]] {
                to = escape_to(to, bytes.first(sizeof(Eight)));
            } else {
                std::memcpy(to, &eight, sizeof eight);
                to += sizeof eight;
            }
            bytes = bytes.subspan(sizeof(Eight));
        }
        return static_cast<std::size_t>(escape_to(to, bytes) - begin);
    });
}

void append_escaped(std::string& out, std::string_view text) {
    append_escaped(out, std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

void PacketWriter::begin() {
    buffer_ += '$';
    payload_start_ = buffer_.size();
}

void PacketWriter::end() {
    const std::array<u8, 1> sum{checksum_of(std::span(buffer_).subspan(payload_start_))};
    buffer_ += '#';
    append_hex(buffer_, sum);
    if (remember_) last_.assign(buffer_, payload_start_ - 1);
}

void PacketWriter::packet(std::string_view payload) {
    begin();
    buffer_ += payload;
    end();
}

void PacketWriter::resend() {
    if (remember_) buffer_ += last_;
}

void PacketWriter::sent(std::size_t bytes) {
    sent_ += std::min(bytes, buffer_.size() - sent_);
    if (sent_ == buffer_.size()) {
        buffer_.clear();
        sent_ = 0;
    } else if (sent_ > buffer_.size() / 2) { // a client that never takes all must not make it grow
        buffer_.erase(0, sent_);
        sent_ = 0;
    }
}

} // namespace orrery::app::gdb
