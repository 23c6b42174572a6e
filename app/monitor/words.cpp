#include "app/monitor/words.hpp"

#include <charconv>

#include "app/unknown_option.hpp"

namespace orrery::app::monitor {

std::optional<u64> number(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    u64 value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string shown(std::string_view word) {
    constexpr std::size_t longest = 60;
    return word.size() <= longest ? std::string(word) : fmt::format("{}…", word.substr(0, longest));
}

std::string meant(const std::string& word, std::span<const std::string> names) {
    constexpr std::size_t longest_name = 100;
    const std::string near = word.size() > longest_name ? "" : nearest(word, names);
    return near.empty() ? "" : fmt::format(" (was '{}' meant?)", near);
}

u64 field_value(const RegisterField& field, u64 value) {
    const u64 mask = field.count >= 64 ? ~u64{0} : (u64{1} << field.count) - 1;
    return value >> field.first & mask;
}

std::string fields_text(const RegisterDescription& description, u64 value) {
    std::string text;
    for (const RegisterField& field : description.fields)
        if (const u64 bits = field_value(field, value); bits != 0) text += fmt::format(" {}={:#x}", field.name, bits);
    return text;
}

} // namespace orrery::app::monitor
