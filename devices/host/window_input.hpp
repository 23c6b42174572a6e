// What someone does at a window: SDL's events become keys and pointer movements for the machine, and commands for the
// window itself. Used by the window's thread; the machine hears of it on its event loop.
#pragma once

#include <bitset>

#include "devices/input/input.hpp"
#include "machine/fabric/event_loop.hpp"

struct SDL_KeyboardEvent;
struct SDL_MouseButtonEvent;
struct SDL_MouseMotionEvent;
struct SDL_MouseWheelEvent;

namespace orrery {

// By Ctrl-Alt and a key.
enum class WindowCommand : u8 { none, toggle_capture, toggle_full_screen, original_size, screenshot };

class WindowInput {
public:
    // Null: the machine has none. The loop outlives this, and the devices outlive what has been posted to it.
    WindowInput(EventLoop& loop, KeyboardInput* keyboard, PointerInput* pointer)
        : loop_(loop), keyboard_(keyboard), pointer_(pointer) {}

    // The guest doesn't see the key that completes a command.
    WindowCommand key(const SDL_KeyboardEvent& event);
    // The window lost the keyboard: nobody will say when the keys go up.
    void release_keys();

    // Whether the pointer is the guest's. What it does elsewhere isn't passed on.
    void capture(bool captured);
    [[nodiscard]] bool captured() const { return captured_; }
    [[nodiscard]] bool can_capture() const { return pointer_ != nullptr; }
    void motion(const SDL_MouseMotionEvent& event);
    void wheel(const SDL_MouseWheelEvent& event);
    void button(const SDL_MouseButtonEvent& event);
    // Motion is passed on once a round, added up: hosts report it a thousand times a second.
    void flush();

private:
    void post_key(Key key, bool pressed);

    EventLoop& loop_;
    KeyboardInput* keyboard_;
    PointerInput* pointer_;
    std::bitset<256> pressed_; // as the guest knows it, by key
    PointerMotion motion_;
    PointerButtons buttons_;
    bool captured_ = false;
    bool moved_ = false;
};

} // namespace orrery
