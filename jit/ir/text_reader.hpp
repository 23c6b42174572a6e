// The words, numbers and signs that a text of lines consists of, with the position for messages. Blanks within a line
// and comments (`#` to the line's end) are skipped.
#pragma once

#include <string_view>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::ir {

class TextReader {
public:
    explicit TextReader(std::string_view text) : text_(text) { skip_lines(); }

    [[nodiscard]] char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
    [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }
    // Takes `sign` if it comes next.
    bool take(char sign);
    Status expect(char sign);
    // A name, with the dots in it; empty if none comes next.
    std::string_view word();
    // Takes the word `wanted` if it comes next.
    bool take_word(std::string_view wanted);
    Status expect_word(std::string_view wanted);
    // Decimal, or hexadecimal after 0x.
    Result<u64> number(u64 largest, std::string_view what);
    // To the next line that holds anything.
    Status end_of_line();

    // A failure at what was read last, or (after nothing was found) at what comes next.
    template <typename... Args> std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) const {
        return std::unexpected(Error(fmt::format("{}:{}: {}", line_, start_ - line_start_ + 1,
                                                 fmt::format(format, std::forward<Args>(args)...))));
    }

private:
    void skip();
    void skip_lines();
    [[nodiscard]] std::string_view next_word() const;
    void advance(std::size_t characters);

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t start_ = 0; // of what was read last
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
};

} // namespace orrery::ir
