// What makes a machine run, and the doors by which others may say something to that: debuggers, programs, and whoever
// sits at the terminal. On the thread that runs the machine.
#pragma once

#include "app/debug/controller.hpp"
#include "app/escape_keys.hpp"
#include "app/gdb/server.hpp"
#include "app/monitor/json_server.hpp"
#include "app/monitor/terminal_door.hpp"

namespace orrery::app {

// The options of `orrery run` that concern them.
struct DoorPlan {
    std::optional<std::string> gdb;
    app::gdb::ArchitectureBy architecture_by = app::gdb::ArchitectureBy::machine;
    std::optional<std::string> monitor;
    bool paused = false;
};

class Doors {
public:
    // The machine and the keys outlive them.
    Doors(Machine& machine, EscapeKeys& keys, DoorPlan plan, monitor::Surroundings surroundings);

    // Errors name the option.
    Status open();
    // Where one can connect, for people.
    void tell_addresses();

    void run_by(std::function<Outcome()> runner) { controller_.run_by(std::move(runner)); }
    Outcome run() { return controller_.run(); }
    // Whoever is connected hears of the end.
    void tell_end(int code);

private:
    class TerminalScreen;

    Machine& machine_;
    EscapeKeys& keys_;
    DoorPlan plan_;
    DebugController controller_;
    monitor::Monitor monitor_;
    std::unique_ptr<gdb::Server> debugger_;
    std::unique_ptr<monitor::JsonServer> programs_;
    std::unique_ptr<monitor::Screen> screen_;
    std::unique_ptr<monitor::TerminalDoor> prompt_;
};

} // namespace orrery::app
