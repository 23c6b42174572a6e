// The window: what SDL's events become, and a window on a screen that nobody sees.
#include <cstdlib>
#include <thread>

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>

#include "devices/host/host_window.hpp"
#include "devices/host/window_input.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

struct Keyboard final : KeyboardInput {
    bool key(Key key, bool pressed) override {
        strokes.emplace_back(key, pressed);
        return true;
    }
    [[nodiscard]] std::size_t room() const override { return 16; }
    std::vector<std::pair<Key, bool>> strokes;
};

struct Pointer final : PointerInput {
    void pointer(PointerMotion motion, PointerButtons now) override {
        motions.push_back(motion);
        buttons.push_back(now);
    }
    std::vector<PointerMotion> motions;
    std::vector<PointerButtons> buttons;
};

struct Bench {
    MachineLock lock;
    std::unique_ptr<EventLoop> loop = EventLoop::create(lock).value();
    Keyboard keyboard;
    Pointer pointer;
    WindowInput input{*loop, &keyboard, &pointer};

    void deliver() { loop->run_once(0); }
    WindowCommand press(SDL_Scancode code, bool pressed = true, u16 modifiers = 0, u8 repeat = 0) {
        SDL_KeyboardEvent event{};
        event.state = pressed ? SDL_PRESSED : SDL_RELEASED;
        event.repeat = repeat;
        event.keysym.scancode = code;
        event.keysym.mod = modifiers;
        return input.key(event);
    }
    void move(int right, int down) {
        SDL_MouseMotionEvent event{};
        event.xrel = right;
        event.yrel = down;
        input.motion(event);
    }
    void click(u8 button, bool pressed) {
        SDL_MouseButtonEvent event{};
        event.button = button;
        event.state = pressed ? SDL_PRESSED : SDL_RELEASED;
        input.button(event);
    }
};

using Strokes = std::vector<std::pair<Key, bool>>;

// One color all over, and the size of what it shows.
struct Plain final : Picture {
    void draw(Image& image) const override { image.resize(320, 200); }
    [[nodiscard]] u64 number() const override { return 1; }
};
struct PlainDisplay final : Display {
    std::unique_ptr<Picture> capture(u64 seen) override {
        ++captures;
        return seen == 1 ? nullptr : std::make_unique<Plain>();
    }
    u32 captures = 0;
};

} // namespace

TEST_CASE("keys go to the machine by their place on the keyboard, on its own loop") {
    Bench bench;
    CHECK(bench.press(SDL_SCANCODE_Z) == WindowCommand::none);
    CHECK(bench.keyboard.strokes.empty());
    bench.press(SDL_SCANCODE_Z, true, 0, 1); // the host's repetition
    bench.press(SDL_SCANCODE_Z, false);
    bench.press(SDL_SCANCODE_AUDIONEXT); // a key that a PS/2 keyboard hasn't
    bench.deliver();
    CHECK(bench.keyboard.strokes == Strokes{{Key::z, true}, {Key::z, true}, {Key::z, false}});
}

TEST_CASE("a command's last key isn't the guest's, and its release neither") {
    Bench bench;
    constexpr u16 both = KMOD_LCTRL | KMOD_LALT;
    bench.press(SDL_SCANCODE_LCTRL);
    CHECK(bench.press(SDL_SCANCODE_G, true, KMOD_LCTRL) == WindowCommand::none);
    bench.press(SDL_SCANCODE_G, false, KMOD_LCTRL);
    bench.press(SDL_SCANCODE_LALT, true, KMOD_LCTRL);
    CHECK(bench.press(SDL_SCANCODE_G, true, both) == WindowCommand::toggle_capture);
    CHECK(bench.press(SDL_SCANCODE_G, true, both, 1) == WindowCommand::none);
    CHECK(bench.press(SDL_SCANCODE_G, false, both) == WindowCommand::none);
    CHECK(bench.press(SDL_SCANCODE_F, true, both) == WindowCommand::toggle_full_screen);
    CHECK(bench.press(SDL_SCANCODE_S, true, both) == WindowCommand::screenshot);
    CHECK(bench.press(SDL_SCANCODE_0, true, both) == WindowCommand::original_size);
    CHECK(bench.press(SDL_SCANCODE_DELETE, true, both) == WindowCommand::none);
    bench.deliver();
    const auto g = static_cast<Key>(SDL_SCANCODE_G);
    CHECK(bench.keyboard.strokes ==
          Strokes{{Key::left_control, true}, {g, true}, {g, false}, {Key::left_alt, true}, {Key::del, true}});
}

TEST_CASE("keys that are down when the window loses the keyboard go up") {
    Bench bench;
    bench.press(SDL_SCANCODE_LSHIFT);
    bench.press(SDL_SCANCODE_A);
    bench.press(SDL_SCANCODE_A, false);
    bench.input.release_keys();
    bench.press(SDL_SCANCODE_LSHIFT, false); // it comes back when the window does
    bench.deliver();
    REQUIRE(bench.keyboard.strokes.size() == 4);
    CHECK(bench.keyboard.strokes[3] == std::pair{Key::left_shift, false});
}

TEST_CASE("the pointer is the guest's only while it is captured, and its motion is added up") {
    Bench bench;
    bench.move(5, 5);
    bench.click(SDL_BUTTON_LEFT, true);
    bench.input.flush();
    bench.deliver();
    CHECK(bench.pointer.motions.empty());

    bench.input.capture(true);
    bench.move(3, -1);
    bench.move(4, -1);
    bench.click(SDL_BUTTON_RIGHT, true);
    SDL_MouseWheelEvent wheel{};
    wheel.y = 1; // away from the user
    bench.input.wheel(wheel);
    bench.input.flush();
    bench.input.capture(false);
    bench.deliver();
    REQUIRE(bench.pointer.motions.size() == 4);
    CHECK(bench.pointer.motions[0].right == 7);
    CHECK(bench.pointer.motions[0].down == -2);
    CHECK_FALSE(bench.pointer.buttons[0].right);
    CHECK(bench.pointer.buttons[1].right);
    CHECK(bench.pointer.motions[2].wheel_down == -1);
    CHECK_FALSE(bench.pointer.buttons[3].right); // nobody would say that it goes up
}

TEST_CASE("a window shows pictures, passes keys on and says when it is closed") {
    ::setenv("SDL_VIDEODRIVER", "dummy", 1);
    Bench bench;
    PlainDisplay display;
    std::atomic<u32> closed = 0;
    auto window = HostWindow::create({}, {.title = "test",
                                          .display = display,
                                          .keyboard = &bench.keyboard,
                                          .pointer = &bench.pointer,
                                          .loop = *bench.loop,
                                          .closed = [&closed] { ++closed; }});
    INFO((window ? "" : window.error().message()));
    REQUIRE(window);
    while (display.captures < 2) bench.loop->run_once(1'000'000'000);
    SDL_Event key{};
    key.type = SDL_KEYDOWN;
    key.key.state = SDL_PRESSED;
    key.key.keysym.scancode = SDL_SCANCODE_A;
    SDL_PushEvent(&key);
    SDL_Event quit{};
    quit.type = SDL_QUIT;
    SDL_PushEvent(&quit);
    SDL_PushEvent(&quit);
    while (closed == 0 || bench.keyboard.strokes.empty()) bench.loop->run_once(1'000'000'000);
    window->reset();
    bench.deliver();
    CHECK(closed == 1);
    CHECK(bench.keyboard.strokes == Strokes{{Key::a, true}, {Key::a, false}});
    ::unsetenv("SDL_VIDEODRIVER");
}

TEST_CASE("without a screen there is no window, and the error says what to do") {
    ::setenv("SDL_VIDEODRIVER", "nonsense", 1);
    Bench bench;
    PlainDisplay display;
    const auto window =
        HostWindow::create({}, {.title = "test", .display = display, .loop = *bench.loop, .closed = {}});
    REQUIRE_FALSE(window);
    CHECK(window.error().message().find("no window can be opened") != std::string::npos);
    CHECK(window.error().message().find("--display none") != std::string::npos);
    ::unsetenv("SDL_VIDEODRIVER");
}
