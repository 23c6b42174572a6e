#include "app/monitor/terminal_door.hpp"

namespace orrery::app::monitor {

TerminalDoor::TerminalDoor(Screen& screen, Monitor& monitor)
    : screen_(screen), monitor_(monitor),
      editor_("(orrery) ", [this](std::string_view line) { return monitor_.complete(line); }) {
    listener_ = monitor_.controller().add_listener([this](const Stop& stop) { on_stop(stop); });
}

TerminalDoor::~TerminalDoor() { monitor_.controller().remove_listener(listener_); }

void TerminalDoor::open(std::string_view greeting) {
    if (open_) return;
    open_ = true;
    screen_.take_over([this](u8 character) { key(character); });
    screen_.show(fmt::format("\n{}\n{}", greeting, editor_.shown()));
}

void TerminalDoor::close() {
    if (!open_) return;
    open_ = false;
    editor_.clear();
    typed_ahead_.clear();
    const bool still = !monitor_.controller().running();
    screen_.show(still ? "\nthe guest stands still; Ctrl-] m and then `continue` let it go on\n" : "\n");
    screen_.give_back();
}

void TerminalDoor::key(u8 character) {
    if (busy_) {
        if (typed_ahead_.size() < most_typed_ahead) typed_ahead_ += static_cast<char>(character);
        return;
    }
    const LineEditor::Event event = editor_.key(character);
    screen_.show(editor_.take_output());
    if (event.kind == LineEditor::Event::Kind::leave) return close();
    if (event.kind == LineEditor::Event::Kind::line) carry_out(event.line);
}

void TerminalDoor::carry_out(const std::string& line) {
    Words words = Monitor::split(line);
    if (words.empty()) return screen_.show(editor_.shown());
    busy_ = true;
    monitor_.execute(std::move(words), Door::terminal, [this](const Result<Answer>& answer) { answered(answer); });
}

void TerminalDoor::answered(const Result<Answer>& answer) {
    busy_ = false;
    if (!open_) return;
    screen_.show(answer ? answer->text : answer.error().message() + "\n");
    if (answer && answer->leaves) return close();
    screen_.show(editor_.shown());
    for (const char character : std::exchange(typed_ahead_, {}))
        if (open_) key(static_cast<u8>(character));
}

void TerminalDoor::on_stop(const Stop& stop) {
    if (stop.reason == Stop::Reason::ended) {
        // What is said about the end comes on a line of its own.
        if (open_) screen_.show("\n");
        if (open_) screen_.give_back();
        open_ = false;
        return;
    }
    const std::string text = monitor_.stopped(stop).text;
    if (open_)
        screen_.show(fmt::format("\r\x1b[K{}{}", text, busy_ ? "" : editor_.shown()));
    else if (stop.reason != Stop::Reason::paused && opens_on_stops_ && opens_on_stops_())
        open(text.substr(0, text.size() - 1));
}

} // namespace orrery::app::monitor
