#include "app/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace orrery::app {
namespace {

struct Unit {
    std::string_view letter;
    u64 bytes;
};
constexpr std::array units{Unit{"T", 1024 * GiB}, Unit{"G", GiB}, Unit{"M", MiB}, Unit{"K", KiB}};

// What follows the digits: nothing, a letter, or a letter and "iB".
Result<u64> unit_bytes(std::string_view suffix, std::string_view whole) {
    if (suffix.empty()) return 1;
    for (const Unit& unit : units) {
        const bool same_letter = (suffix[0] & ~0x20) == unit.letter[0];
        if (same_letter && (suffix.size() == 1 || suffix.substr(1) == "iB")) return unit.bytes;
    }
    return error("'{}' is no size; write it like 512M, 1G or 2GiB", whole);
}

} // namespace

Result<u64> parse_size(std::string_view text) {
    u64 count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failure == std::errc::result_out_of_range) return error("'{}' is too large for any machine", text);
    if (failure != std::errc{}) return error("'{}' is no size; write it like 512M, 1G or 2GiB", text);
    const u64 unit = TRY(unit_bytes(text.substr(static_cast<std::size_t>(end - text.data())), text));
    if (count > std::numeric_limits<u64>::max() / unit) return error("'{}' is too large for any machine", text);
    return count * unit;
}

std::string size_text(u64 bytes) {
    if (bytes != 0 && bytes % GiB == 0) return fmt::format("{} GiB", bytes / GiB);
    if (bytes != 0 && bytes % MiB == 0) return fmt::format("{} MiB", bytes / MiB);
    if (bytes != 0 && bytes % KiB == 0) return fmt::format("{} KiB", bytes / KiB);
    return fmt::format("{} bytes", bytes);
}

Result<u64> parse_number(std::string_view text, u64 least, u64 most) {
    const bool hexadecimal = text.starts_with("0x");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    u64 value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    const bool is_number = failure != std::errc::invalid_argument && end == digits.data() + digits.size();
    if (!is_number) return error("'{}' is no whole number", text);
    if (failure != std::errc{} || value < least || value > most) {
        if (most == std::numeric_limits<u64>::max())
            return error("{} is out of range; it must be at least {}", text, least);
        return error("{} is out of range; it must be {} to {}", text, least, most);
    }
    return value;
}

Result<u64> parse_seconds(std::string_view text) {
    constexpr double most_seconds = 1e9; // 31 years
    double seconds = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(seconds))
        return error("'{}' is no number of seconds; write it like 30 or 0.5", text);
    if (seconds < 1e-9 || seconds > most_seconds)
        return error("{} seconds is out of range; it must be above 0 and at most {}", text, most_seconds);
    return static_cast<u64>(std::llround(seconds * 1e9));
}

} // namespace orrery::app
