#include "app/trace/request.hpp"

#include <algorithm>
#include <array>

#include "app/values.hpp"

namespace orrery::app::trace {
namespace {

constexpr u64 any_number = ~u64{0};
constexpr std::array<std::string_view, trace_kinds> names{"instructions", "branches", "memory", "devices",
                                                          "exceptions"};

template <typename Words> std::string joined(const Words& words, std::string_view between) {
    std::string text;
    for (const auto& word : words) {
        if (word.empty()) continue;
        if (!text.empty()) text += between;
        text += word;
    }
    return text;
}

std::vector<std::string> split(const std::vector<std::string>& lists) {
    std::vector<std::string> words;
    for (const std::string& list : lists)
        for (std::size_t first = 0; first <= list.size();) {
            const std::size_t end = std::min(list.find(',', first), list.size());
            words.push_back(list.substr(first, end - first));
            first = end + 1;
        }
    return words;
}

bool is_symbol(std::string_view text) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.$";
    return !text.empty() && (text[0] < '0' || text[0] > '9') && text.find_first_not_of(letters) == std::string::npos;
}

// A..B without B, A+SIZE, A alone, or a symbol.
Result<RangeText> parse_range(const std::string& text) {
    if (is_symbol(text)) return RangeText{text, {}};
    const std::size_t dots = text.find("..");
    const std::size_t plus = text.find('+');
    const auto number = [&](const std::string& part) -> Result<u64> {
        if (auto parsed = parse_number(part, 0, any_number)) return parsed;
        return error("'{}' is no range of addresses; write it like 0x80000000..0x80001000, 0x80000000+4K, "
                     "0x80000000 or main",
                     text);
    };
    if (dots != std::string::npos) {
        const u64 first = TRY(number(text.substr(0, dots)));
        const u64 end = TRY(number(text.substr(dots + 2)));
        if (end <= first) return error("'{}' has no addresses in it: its end isn't above its beginning", text);
        return RangeText{"", {first, end - 1}};
    }
    const u64 first = TRY(number(text.substr(0, plus)));
    if (plus == std::string::npos) return RangeText{"", {first, first}};
    const std::string size_part = text.substr(plus + 1);
    const bool hexadecimal = size_part.starts_with("0x");
    const u64 size = TRY(hexadecimal ? number(size_part) : parse_size(size_part));
    if (size == 0 || size - 1 > any_number - first) return error("'{}' doesn't end where addresses do", text);
    return RangeText{"", {first, first + (size - 1)}};
}

Result<std::vector<RangeText>> parse_ranges(std::string_view option, const std::vector<std::string>& lists) {
    std::vector<RangeText> ranges;
    for (const std::string& text : split(lists)) {
        auto range = parse_range(text);
        if (!range) return std::unexpected(range.error().in(option));
        ranges.push_back(std::move(*range));
    }
    return ranges;
}

} // namespace

std::span<const std::string_view> kind_names() { return names; }

Result<Request> parse_request(const Arguments& arguments, const OptionNames& options) {
    Request request;
    for (const std::string& word : split(arguments.what)) {
        const auto found = std::ranges::find(names, word);
        if (found == names.end())
            return error("{}: there is no kind '{}'; the kinds are {}", options.what, word, joined(names, ", "));
        request.kinds = static_cast<u8>(request.kinds | 1 << (found - names.begin()));
    }
    if (request.kinds == 0) request.kinds = (1 << trace_kinds) - 1;
    request.code = TRY(parse_ranges(options.code, arguments.code));
    request.data = TRY(parse_ranges(options.data, arguments.data));
    request.privileges = split(arguments.privileges);
    request.devices = split(arguments.devices);
    for (const auto& [option, words] :
         {std::pair{options.privileges, request.privileges}, std::pair{options.devices, request.devices}})
        if (std::ranges::find(words, "") != words.end()) return error("{}: needs a value", option);
    return request;
}

Result<std::vector<AddressRange>> find_ranges(const std::vector<RangeText>& texts, const Symbols& symbols) {
    std::vector<AddressRange> ranges;
    for (const RangeText& text : texts) {
        if (text.symbol.empty()) {
            ranges.push_back(text.range);
            continue;
        }
        const auto place = symbols.find(text.symbol);
        if (!place)
            return error("there is no symbol '{}'{}", text.symbol,
                         symbols.empty() ? "; none of the programs is an ELF file with symbols" : "");
        ranges.push_back({place->address, place->address + (std::max<u64>(place->size_bytes, 1) - 1)});
    }
    return ranges;
}

Result<TraceFilter> make_filter(const Request& request, const Symbols& symbols, const CpuWords& words,
                                const OptionNames& options) {
    TraceFilter filter;
    filter.kinds = request.kinds;
    const auto named = [](std::string_view option, Result<std::vector<AddressRange>> ranges) {
        if (!ranges) ranges = std::unexpected(ranges.error().in(option));
        return ranges;
    };
    filter.code = TRY(named(options.code, find_ranges(request.code, symbols)));
    filter.data = TRY(named(options.data, find_ranges(request.data, symbols)));
    if (!request.privileges.empty()) filter.privileges = 0;
    for (const std::string& name : request.privileges) {
        const auto found = std::ranges::find(words.privileges, name);
        if (found == words.privileges.end())
            return error("{}: there is no privilege '{}'; this guest has {}", options.privileges, name,
                         joined(words.privileges, ", "));
        filter.privileges |= 1u << (found - words.privileges.begin());
    }
    return filter;
}

std::vector<std::string> describe(const Arguments& arguments) {
    std::vector<std::string> lines;
    const auto add = [&](std::string_view what, const std::vector<std::string>& values) {
        if (!values.empty()) lines.push_back(fmt::format("{} {}", what, joined(values, ",")));
    };
    add("what", arguments.what);
    add("range", arguments.code);
    add("data", arguments.data);
    add("privilege", arguments.privileges);
    add("device", arguments.devices);
    return lines;
}

} // namespace orrery::app::trace
