// A line that someone types: editing, history and completion. Keys in, characters for the screen out.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::app::monitor {

class LineEditor {
public:
    static constexpr std::size_t longest_line = 4096;
    static constexpr std::size_t most_history = 200;
    // What the last word of the line may become; ascending.
    using Completer = std::function<std::vector<std::string>(std::string_view line)>;

    LineEditor(std::string prompt, Completer completer)
        : prompt_(std::move(prompt)), completer_(std::move(completer)) {}

    struct Event {
        enum class Kind : u8 { nothing, line, leave };
        Kind kind = Kind::nothing;
        std::string line; // Kind::line
    };
    Event key(u8 character);

    // For the screen: what the keys have brought about since the last call.
    std::string take_output() { return std::exchange(output_, {}); }
    // The prompt with the line as it stands, for a fresh line of the screen.
    [[nodiscard]] std::string shown() const { return prompt_ + line_; }
    // Gives the line up.
    void clear() { line_.clear(); }

private:
    enum class Escape : u8 { none, begun, sequence };

    void escape_key(u8 character);
    void insert(u8 character);
    void erase_character();
    void erase_word();
    void complete();
    void recall(std::size_t place);
    Event enter();
    void redraw();
    void list(const std::vector<std::string>& candidates);

    std::string prompt_;
    Completer completer_;
    std::string line_;
    std::string output_;
    Escape escape_ = Escape::none;
    std::deque<std::string> history_; // oldest first
    std::size_t recalled_ = 0;        // place in history_; its size: the line that is typed
    std::string typed_;               // that line, while another is recalled
};

} // namespace orrery::app::monitor
