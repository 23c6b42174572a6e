// Where keys and pointer movements enter the machine, whatever device the guest sees them through. The window, the
// monitor and replays call these under the machine lock.
#pragma once

#include "devices/input/keys.hpp"

namespace orrery {

class KeyboardInput {
public:
    virtual ~KeyboardInput() = default;
    // A key went down or up. Going down again without going up is how the host's own repetition arrives. False: there
    // was no room and a press is lost; a release never is, so no key stays down for ever.
    virtual bool key(Key key, bool pressed) = 0;
    // How many more key() calls are sure to be accepted. `type` waits while this is small.
    [[nodiscard]] virtual std::size_t room() const = 0;
};

struct PointerMotion {
    i32 right = 0;
    i32 down = 0;
    i32 wheel_down = 0; // notches, towards the user
    i32 wheel_right = 0;
};

struct PointerButtons {
    bool left = false;
    bool right = false;
    bool middle = false;
    bool side = false;  // "back"
    bool extra = false; // "forward"
    constexpr bool operator==(const PointerButtons&) const = default;
};

class PointerInput {
public:
    virtual ~PointerInput() = default;
    // Relative motion, and the buttons as they are now. Motion that the guest doesn't fetch adds up to a limit; when
    // many button changes wait, the newest replace each other. The last position of every button always arrives.
    virtual void pointer(PointerMotion motion, PointerButtons buttons) = 0;
};

} // namespace orrery
