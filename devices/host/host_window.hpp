// A window of the host, by SDL2, that shows a display and gives its keys and pointer to the machine. It lives on a
// thread of its own, which never holds the machine lock: neither it nor a vCPU waits for the other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "devices/display/display.hpp"
#include "devices/input/input.hpp"
#include "machine/fabric/event_loop.hpp"
#include "machine/fabric/result.hpp"

namespace orrery {

struct WindowOptions {
    bool full_screen = false;
    u32 scale = 1; // window pixels for each of the guest's, in both directions; whoever sits there may resize it
};

class HostWindow {
public:
    struct Wiring {
        std::string title; // what is shown in it
        Display& display;
        KeyboardInput* keyboard = nullptr; // null: none
        PointerInput* pointer = nullptr;   // null: none
        EventLoop& loop;                   // of the machine, which outlives the window and all it posts
        std::function<void()> closed;      // whoever sits there closed it. Called by the window's thread, once or not
    };

    // Opens it. Fails where the host has no screen.
    static Result<std::unique_ptr<HostWindow>> create(const WindowOptions& options, Wiring wiring);
    virtual ~HostWindow() = default;

protected:
    HostWindow() = default;
};

} // namespace orrery
