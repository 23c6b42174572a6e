// `orrery monitor` and `orrery screenshot`: asks the monitor of a machine that another orrery runs, by the place that
// its --monitor names. The protocol is in app/monitor's README.
#pragma once

#include <string>
#include <vector>

namespace orrery::app {

struct MonitorArguments {
    std::string place;              // unix:PATH, HOST:PORT or PORT
    std::vector<std::string> words; // a command; none: a command a line on standard input
};

// Prints the answers. Exit code: exit_failure when nobody answers or a command can't be carried out.
int ask_monitor(const MonitorArguments& arguments);

struct ScreenshotArguments {
    std::string place;
    std::string file; // from here, though the other process writes it
};

int take_screenshot(const ScreenshotArguments& arguments);

} // namespace orrery::app
