#include "jit/ir/text_reader.hpp"

#include <charconv>

namespace orrery::ir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_word(char c) { return begins_word(c) || is_digit(c) || c == '.'; }

} // namespace

void TextReader::skip() {
    while (position_ < text_.size() &&
           (text_[position_] == ' ' || text_[position_] == '\t' || text_[position_] == '\r'))
        ++position_;
    if (position_ < text_.size() && text_[position_] == '#')
        while (position_ < text_.size() && text_[position_] != '\n') ++position_;
}

void TextReader::skip_lines() {
    skip();
    while (!at_end() && peek() == '\n') {
        ++position_;
        ++line_;
        line_start_ = position_;
        skip();
    }
    start_ = position_;
}

void TextReader::advance(std::size_t characters) {
    start_ = position_;
    position_ += characters;
    skip();
}

bool TextReader::take(char sign) {
    if (at_end() || peek() != sign) return false;
    advance(1);
    return true;
}

Status TextReader::expect(char sign) {
    if (take(sign)) return {};
    start_ = position_;
    return fail("'{}' is missing here", sign);
}

std::string_view TextReader::next_word() const {
    if (!begins_word(peek())) return {};
    std::size_t end = position_;
    while (end < text_.size() && continues_word(text_[end])) ++end;
    return text_.substr(position_, end - position_);
}

std::string_view TextReader::word() {
    const std::string_view found = next_word();
    advance(found.size());
    return found;
}

bool TextReader::take_word(std::string_view wanted) {
    if (next_word() != wanted) return false;
    advance(wanted.size());
    return true;
}

Status TextReader::expect_word(std::string_view wanted) {
    if (take_word(wanted)) return {};
    start_ = position_;
    return fail("'{}' is missing here", wanted);
}

Result<u64> TextReader::number(u64 largest, std::string_view what) {
    const bool hexadecimal = text_.substr(position_).starts_with("0x");
    const char* const first = text_.data() + position_ + (hexadecimal ? 2 : 0);
    const char* const last = text_.data() + text_.size();
    u64 result = 0;
    const auto [end, problem] = std::from_chars(first, last, result, hexadecimal ? 16 : 10);
    start_ = position_;
    if (problem == std::errc::invalid_argument) return fail("{} is missing here", what);
    advance(static_cast<std::size_t>(end - (text_.data() + position_)));
    if (problem == std::errc::result_out_of_range || result > largest)
        return fail("{} is larger than {:#x}", what, largest);
    return result;
}

Status TextReader::end_of_line() {
    if (!at_end() && peek() != '\n') {
        start_ = position_;
        return fail("the line should end here");
    }
    skip_lines();
    return {};
}

} // namespace orrery::ir
