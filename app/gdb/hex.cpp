#include "app/gdb/hex.hpp"

#include <array>
#include <cstring>

namespace orrery::app::gdb {
namespace {

constexpr std::string_view digits_of_sixteen = "0123456789abcdef";

constexpr auto digit_pairs = [] {
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {digits_of_sixteen[byte >> 4], digits_of_sixteen[byte & 15]};
    return pairs;
}();

constexpr auto digit_values = [] {
    std::array<i8, 256> values{};
    values.fill(-1);
    for (int value = 0; value < 16; ++value) {
        const auto digit = static_cast<u8>(digits_of_sixteen[static_cast<std::size_t>(value)]);
        values[digit] = static_cast<i8>(value);
        if (value >= 10) values[digit - 'a' + 'A'] = static_cast<i8>(value);
    }
    return values;
}();

} // namespace

int hex_digit(char character) { return digit_values[static_cast<u8>(character)]; }

void append_hex(std::string& out, std::span<const u8> bytes) {
    const std::size_t start = out.size();
    out.resize_and_overwrite(start + 2 * bytes.size(), [&](char* begin, std::size_t) {
        char* to = begin + start;
        for (const u8 byte : bytes) {
            std::memcpy(to, digit_pairs[byte].data(), 2);
            to += 2;
        }
        return static_cast<std::size_t>(to - begin);
    });
}

void append_hex(std::string& out, std::string_view text) {
    append_hex(out, std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

void append_register_hex(std::string& out, RegisterValue value, u32 size_bytes) {
    for (u32 byte = 0; byte < size_bytes; ++byte) {
        const u64 half = byte < 8 ? value.low : byte < 16 ? value.high : 0;
        const auto& pair = digit_pairs[half >> (8 * (byte % 8)) & 0xff];
        out.append(pair.data(), pair.size());
    }
}

bool decode_hex(std::string_view digits, std::span<u8> out) {
    if (digits.size() != 2 * out.size()) return false;
    const char* from = digits.data();
    int wrong = 0; // looked at once in the end: the loop stays short
    for (u8& byte : out) {
        const int high = hex_digit(from[0]);
        const int low = hex_digit(from[1]);
        wrong |= high | low;
        byte = static_cast<u8>((high << 4) | low);
        from += 2;
    }
    return wrong >= 0;
}

bool Scanner::skip(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
}

bool Scanner::skip(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
}

std::optional<u64> Scanner::number() {
    u64 value = 0;
    std::size_t count = 0;
    while (count < text_.size() && hex_digit(text_[count]) >= 0) {
        if (value >> 60 != 0) return std::nullopt;
        value = value << 4 | static_cast<u64>(hex_digit(text_[count]));
        ++count;
    }
    if (count == 0) return std::nullopt;
    text_.remove_prefix(count);
    return value;
}

std::optional<Scanner::Range> Scanner::range() {
    const std::string_view before = text_;
    const std::optional<u64> address = number();
    if (address && skip(',')) {
        if (const std::optional<u64> length = number()) return Range{*address, *length};
    }
    text_ = before;
    return std::nullopt;
}

std::string_view Scanner::until(char end) {
    const std::size_t at = text_.find(end);
    const std::string_view found = text_.substr(0, at);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + 1);
    return found;
}

} // namespace orrery::app::gdb
