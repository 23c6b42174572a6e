#include "app/monitor/line_editor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace orrery::app::monitor {
namespace {

enum Key : u8 {
    control_c = 0x03,
    control_d = 0x04,
    backspace = 0x08,
    tab = 0x09,
    line_feed = 0x0a,
    carriage_return = 0x0d,
    control_n = 0x0e,
    control_p = 0x10,
    control_u = 0x15,
    control_w = 0x17,
    escape = 0x1b,
    first_printable = 0x20,
    delete_key = 0x7f,
};

bool continues_character(char byte) { return (static_cast<u8>(byte) & 0xc0) == 0x80; }

std::string common_beginning(const std::vector<std::string>& words) {
    std::string beginning = words.front();
    for (const std::string& word : words)
        beginning.resize(static_cast<std::size_t>(std::ranges::mismatch(beginning, word).in1 - beginning.begin()));
    return beginning;
}

} // namespace

LineEditor::Event LineEditor::key(u8 character) {
    if (escape_ != Escape::none) {
        escape_key(character);
        return {};
    }
    switch (character) {
    case control_c:
    case control_d:
        line_.clear();
        return {Event::Kind::leave, {}};
    case backspace:
    case delete_key:
        erase_character();
        return {};
    case tab:
        complete();
        return {};
    case line_feed:
    case carriage_return:
        return enter();
    case control_p:
        recall(recalled_ - 1);
        return {};
    case control_n:
        recall(recalled_ + 1);
        return {};
    case control_u:
        line_.clear();
        redraw();
        return {};
    case control_w:
        erase_word();
        return {};
    case escape:
        escape_ = Escape::begun;
        return {};
    default:
        if (character >= first_printable) insert(character);
        return {};
    }
}

// ESC [ and letters, ESC O and a letter: of those only the arrows up and down mean something.
void LineEditor::escape_key(u8 character) {
    if (escape_ == Escape::begun) {
        escape_ = character == '[' || character == 'O' ? Escape::sequence : Escape::none;
        return;
    }
    const bool last = character >= 0x40 && character <= 0x7e;
    if (!last) return;
    escape_ = Escape::none;
    if (character == 'A') recall(recalled_ - 1);
    if (character == 'B') recall(recalled_ + 1);
}

void LineEditor::insert(u8 character) {
    if (line_.size() == longest_line) return;
    line_ += static_cast<char>(character);
    output_ += static_cast<char>(character);
}

void LineEditor::erase_character() {
    while (!line_.empty() && continues_character(line_.back())) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
    redraw();
}

void LineEditor::erase_word() {
    while (!line_.empty() && line_.back() == ' ') line_.pop_back();
    while (!line_.empty() && line_.back() != ' ') line_.pop_back();
    redraw();
}

void LineEditor::redraw() { output_ += fmt::format("\r\x1b[K{}", shown()); }

// `place` wraps around below zero, and is then out of range.
void LineEditor::recall(std::size_t place) {
    if (place > history_.size()) return;
    if (recalled_ == history_.size()) typed_ = line_;
    recalled_ = place;
    line_ = place == history_.size() ? typed_ : history_[place];
    redraw();
}

LineEditor::Event LineEditor::enter() {
    output_ += "\n";
    std::string line = std::exchange(line_, {});
    if (!line.empty() && (history_.empty() || history_.back() != line)) history_.push_back(line);
    if (history_.size() > most_history) history_.pop_front();
    recalled_ = history_.size();
    typed_.clear();
    return {Event::Kind::line, std::move(line)};
}

void LineEditor::complete() {
    const std::vector<std::string> candidates = completer_(line_);
    if (candidates.empty()) return;
    const std::size_t word = line_.empty() ? 0 : line_.find_last_of(' ') + 1;
    const std::string before = line_.substr(word);
    const std::string common = common_beginning(candidates);
    const bool whole = candidates.size() == 1;
    if (!whole && common == before) return list(candidates);
    const std::string added = common.substr(std::min(before.size(), common.size())) + (whole ? " " : "");
    for (const char character : added) insert(static_cast<u8>(character));
}

void LineEditor::list(const std::vector<std::string>& candidates) {
    constexpr std::size_t most_listed = 200, screen_width = 79;
    std::size_t width = 0;
    const std::size_t count = std::min(candidates.size(), most_listed);
    for (std::size_t i = 0; i < count; ++i) width = std::max(width, candidates[i].size() + 2);
    const std::size_t columns = std::max<std::size_t>(1, screen_width / width);
    output_ += "\n";
    for (std::size_t i = 0; i < count; ++i) {
        const bool ends_row = i % columns == columns - 1 || i == count - 1;
        output_ += ends_row ? candidates[i] + "\n" : fmt::format("{:<{}}", candidates[i], width);
    }
    if (candidates.size() > count) output_ += fmt::format("and {} more\n", candidates.size() - count);
    output_ += shown();
}

} // namespace orrery::app::monitor
