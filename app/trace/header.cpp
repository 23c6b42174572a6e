#include "app/trace/header.hpp"

#include <algorithm>

namespace orrery::app::trace {
namespace {

// The members under the names they have in the file.
template <typename H, typename F> void for_each_list(H& header, F&& f) {
    f("triple", header.triples);
    f("cpu", header.cpus);
    f("privilege", header.words.privileges);
    f("exception", header.words.exceptions);
    f("interrupt", header.words.interrupts);
    f("filter", header.filters);
}

void add_line(std::string& text, std::string_view word, std::string value) {
    std::ranges::replace(value, '\n', ' ');
    std::string line = fmt::format("{} {}\n", word, value);
    if (text.size() + line.size() <= longest_header_bytes) text += line;
}

} // namespace

bool Header::operator==(const Header& other) const { return header_text(*this) == header_text(other); }

std::string header_text(const Header& header) {
    std::string text;
    add_line(text, "board", header.board);
    for_each_list(header, [&](std::string_view word, const std::vector<std::string>& values) {
        for (const std::string& value : values) add_line(text, word, value);
    });
    return text;
}

Header parse_header(std::string_view text) {
    Header header;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t space = line.find(' ');
        const std::string_view word = line.substr(0, space);
        const std::string value(space == std::string_view::npos ? "" : line.substr(space + 1));
        if (word == "board") header.board = value;
        for_each_list(header, [&](std::string_view name, std::vector<std::string>& values) {
            if (word == name) values.push_back(value);
        });
    }
    return header;
}

} // namespace orrery::app::trace
