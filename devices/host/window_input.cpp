#include "devices/host/window_input.hpp"

#include <SDL2/SDL_events.h>

namespace orrery {
namespace {

constexpr u16 command_modifiers[] = {KMOD_CTRL, KMOD_ALT};

WindowCommand command_of(SDL_Scancode code) {
    switch (code) {
    case SDL_SCANCODE_G:
        return WindowCommand::toggle_capture;
    case SDL_SCANCODE_F:
        return WindowCommand::toggle_full_screen;
    case SDL_SCANCODE_0:
        return WindowCommand::original_size;
    case SDL_SCANCODE_S:
        return WindowCommand::screenshot;
    default:
        return WindowCommand::none;
    }
}

bool has_command_modifiers(u16 modifiers) {
    for (const u16 wanted : command_modifiers)
        if ((modifiers & wanted) == 0) return false;
    return true;
}

bool* button_of(PointerButtons& buttons, u8 number) {
    switch (number) {
    case SDL_BUTTON_LEFT:
        return &buttons.left;
    case SDL_BUTTON_MIDDLE:
        return &buttons.middle;
    case SDL_BUTTON_RIGHT:
        return &buttons.right;
    case SDL_BUTTON_X1:
        return &buttons.side;
    case SDL_BUTTON_X2:
        return &buttons.extra;
    default:
        return nullptr;
    }
}

} // namespace

void WindowInput::post_key(Key key, bool pressed) {
    pressed_.set(static_cast<u8>(key), pressed);
    loop_.post([keyboard = keyboard_, key, pressed] { keyboard->key(key, pressed); });
}

WindowCommand WindowInput::key(const SDL_KeyboardEvent& event) {
    const SDL_Scancode code = event.keysym.scancode;
    const bool down = event.state == SDL_PRESSED;
    if (down && has_command_modifiers(event.keysym.mod))
        if (const WindowCommand command = command_of(code); command != WindowCommand::none)
            return event.repeat == 0 ? command : WindowCommand::none;
    // SDL's numbers beyond USB's are media keys, which a PS/2 keyboard doesn't have.
    if (!keyboard_ || code <= SDL_SCANCODE_UNKNOWN || static_cast<u32>(code) >= pressed_.size())
        return WindowCommand::none;
    const auto key = static_cast<Key>(code);
    if (down || pressed_.test(static_cast<u32>(code))) post_key(key, down);
    return WindowCommand::none;
}

void WindowInput::release_keys() {
    for (u32 key = 0; key < pressed_.size(); ++key)
        if (pressed_.test(key)) post_key(static_cast<Key>(key), false);
}

void WindowInput::capture(bool captured) {
    if (captured_ == captured) return;
    captured_ = captured;
    motion_ = {};
    if (captured || buttons_ == PointerButtons{}) return;
    buttons_ = {};
    moved_ = true;
    flush();
}

void WindowInput::motion(const SDL_MouseMotionEvent& event) {
    if (!captured_) return;
    motion_.right += event.xrel;
    motion_.down += event.yrel;
    moved_ = true;
}

void WindowInput::wheel(const SDL_MouseWheelEvent& event) {
    if (!captured_) return;
    const i32 sign = event.direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;
    motion_.wheel_down -= sign * event.y;
    motion_.wheel_right += sign * event.x;
    moved_ = true;
}

void WindowInput::button(const SDL_MouseButtonEvent& event) {
    bool* const button = captured_ ? button_of(buttons_, event.button) : nullptr;
    if (!button) return;
    flush(); // the motion was made with the buttons as they were
    *button = event.state == SDL_PRESSED;
    moved_ = true;
    flush();
}

void WindowInput::flush() {
    if (!moved_ || !pointer_) return;
    loop_.post([pointer = pointer_, motion = motion_, buttons = buttons_] { pointer->pointer(motion, buttons); });
    motion_ = {};
    moved_ = false;
}

} // namespace orrery
