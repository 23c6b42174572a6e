// What Ctrl-] and another key do while the guest has the terminal.
#pragma once

#include <functional>

#include "machine/boards/board.hpp"

namespace orrery::app {

class EscapeKeys {
public:
    // The terminal is made before the machine is complete, so the machine comes later.
    void attach(Machine& machine) { machine_ = &machine; }
    // What opens the monitor's prompt.
    void on_monitor(std::function<void()> open) { open_monitor_ = std::move(open); }
    // For the terminal; on the event loop's thread, under the machine lock.
    [[nodiscard]] Terminal::Escape handler() {
        return {.key = [this](u8 key) { pressed(key); },
                .opened = [this](Terminal& terminal) { terminal_ = &terminal; }};
    }
    // Null: there is none, or standard input isn't one.
    [[nodiscard]] Terminal* terminal() const { return terminal_; }
    // Whether the user asked for the end.
    [[nodiscard]] bool quit() const { return quit_; }

private:
    void pressed(u8 key);

    Machine* machine_ = nullptr;
    Terminal* terminal_ = nullptr;
    std::function<void()> open_monitor_;
    bool quit_ = false;
};

} // namespace orrery::app
