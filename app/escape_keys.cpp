#include "app/escape_keys.hpp"

#include <cstdio>

namespace orrery::app {

void EscapeKeys::pressed(u8 key) {
    if (!machine_) return;
    switch (key) {
    case 'q':
    case 'x':
        quit_ = true;
        machine_->stop();
        return;
    case 'r':
        std::fputs("\norrery: reset\n", stderr);
        machine_->request_reset();
        return;
    case 'i':
        std::fputs(fmt::format("\norrery: {} s of guest time\n", static_cast<double>(machine_->clock().now_ns()) / 1e9)
                       .c_str(),
                   stderr);
        return;
    case 'm':
    case '\r':
    case '\n':
        if (open_monitor_) open_monitor_();
        return;
    default:
        std::fputs(
            "\norrery: Ctrl-] and then: q quits, m opens the monitor, r resets the machine, i tells the guest's time,\n"
            "        b sends a break, Ctrl-] sends itself; any other key shows this\n",
            stderr);
    }
}

} // namespace orrery::app
