// The monitor's door at the terminal: a prompt that Ctrl-] m opens. The guest goes on meanwhile; what it writes is held
// and shown once the prompt is closed. On the event loop's thread, under the machine lock.
#pragma once

#include "app/monitor/line_editor.hpp"
#include "app/monitor/monitor.hpp"

namespace orrery::app::monitor {

// What the door needs of a terminal.
class Screen {
public:
    virtual ~Screen() = default;
    virtual void take_over(std::function<void(u8 key)> keys) = 0;
    virtual void give_back() = 0;
    virtual void show(std::string_view text) = 0;
};

class TerminalDoor {
public:
    // Both outlive it.
    TerminalDoor(Screen& screen, Monitor& monitor);
    ~TerminalDoor();
    TerminalDoor(const TerminalDoor&) = delete;
    TerminalDoor& operator=(const TerminalDoor&) = delete;

    void open(std::string_view greeting);
    void close();
    [[nodiscard]] bool is_open() const { return open_; }
    // Whether a stop opens the prompt. Without it, only when it is open already are stops shown.
    void open_on_stops(std::function<bool()> wanted) { opens_on_stops_ = std::move(wanted); }

private:
    static constexpr std::size_t most_typed_ahead = 4096;

    void key(u8 character);
    void carry_out(const std::string& line);
    void answered(const Result<Answer>& answer);
    void on_stop(const Stop& stop);

    Screen& screen_;
    Monitor& monitor_;
    LineEditor editor_;
    std::function<bool()> opens_on_stops_;
    u32 listener_ = 0;
    bool open_ = false;
    bool busy_ = false; // a command is under way
    std::string typed_ahead_;
};

} // namespace orrery::app::monitor
