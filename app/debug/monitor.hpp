// The monitor's commands: one line in, an answer out. gdb sends such lines with `monitor …`.
#pragma once

#include <string>
#include <string_view>

namespace orrery::app {

class DebugController;

// Every answer ends with a new line, and says what is wrong with a line that can't be obeyed. Only while the machine
// stands still.
std::string monitor_answer(DebugController& controller, std::string_view line);

} // namespace orrery::app
