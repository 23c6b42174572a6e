#include "devices/host/host_window.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <future>
#include <optional>
#include <thread>

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>

#include "devices/display/screen_feed.hpp"
#include "devices/host/png_file.hpp"
#include "devices/host/window_input.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

constexpr int frame_ms = 16;
constexpr u32 first_width = 640, first_height = 480; // until the guest's first picture

template <auto destroy> struct Destroy {
    template <typename T> void operator()(T* what) const { destroy(what); }
};
using OwnWindow = std::unique_ptr<SDL_Window, Destroy<SDL_DestroyWindow>>;
using OwnRenderer = std::unique_ptr<SDL_Renderer, Destroy<SDL_DestroyRenderer>>;
using OwnTexture = std::unique_ptr<SDL_Texture, Destroy<SDL_DestroyTexture>>;

Error sdl_error(std::string_view what) {
    return Error(fmt::format("{}: {}; without a graphical session use --display none, and `screenshot` in the monitor",
                             what, SDL_GetError()));
}

// SDL would draw where nobody sees it rather than fail; tests ask it to.
bool nobody_sees(std::string_view driver) {
    return !std::getenv("SDL_VIDEODRIVER") && (driver == "offscreen" || driver == "dummy" || driver == "evdev");
}

// A name that sorts by time.
std::string screenshot_name() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    return fmt::format("orrery-{:04}{:02}{:02}-{:02}{:02}{:02}.png", local.tm_year + 1900, local.tm_mon + 1,
                       local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

// Everything of SDL, on one thread.
class Screen {
public:
    Screen(const WindowOptions& options, HostWindow::Wiring& wiring)
        : options_(options), wiring_(wiring), feed_(wiring.display, wiring.loop),
          input_(wiring.loop, wiring.keyboard, wiring.pointer) {}
    ~Screen() {
        texture_.reset();
        renderer_.reset();
        window_.reset();
        if (initialized_) SDL_Quit();
        SDL_TLSCleanup(); // which SDL does for its own threads
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    Status open();
    // Until `ending`.
    void run(const std::atomic<bool>& ending);

private:
    void handle(const SDL_Event& event);
    void handle_window(const SDL_WindowEvent& event);
    void carry_out(WindowCommand command);
    void capture(bool captured);
    void show_title();
    void follow_guest();
    void fit_window();
    void take_rows(RowRange rows);
    [[nodiscard]] SDL_Rect place_of_picture() const;
    void present();
    void save_screenshot();

    WindowOptions options_;
    HostWindow::Wiring& wiring_;
    ScreenFeed feed_;
    WindowInput input_;
    bool initialized_ = false;
    OwnWindow window_;
    OwnRenderer renderer_;
    OwnTexture texture_; // of the size of the guest's picture; null: none yet
    bool closed_ = false;
    bool stale_ = true;     // what the window shows isn't what it should
    bool own_size_ = false; // whoever sits there has chosen the window's
};

Status Screen::open() {
    // Signals end the machine, not the window.
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) return std::unexpected(sdl_error("no window can be opened"));
    initialized_ = true;
    if (nobody_sees(SDL_GetCurrentVideoDriver()))
        return error("no window can be opened: neither X nor Wayland is there (DISPLAY and WAYLAND_DISPLAY say where); "
                     "without them use --display none, and `screenshot` in the monitor");
    const u32 flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI |
                      (options_.full_screen ? static_cast<u32>(SDL_WINDOW_FULLSCREEN_DESKTOP) : 0);
    window_.reset(SDL_CreateWindow(wiring_.title.c_str(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                   static_cast<int>(first_width * options_.scale),
                                   static_cast<int>(first_height * options_.scale), flags));
    if (!window_) return std::unexpected(sdl_error("no window can be opened"));
    renderer_.reset(SDL_CreateRenderer(window_.get(), -1, 0));
    if (!renderer_) return std::unexpected(sdl_error("nothing can be drawn in a window"));
    show_title();
    return {};
}

void Screen::run(const std::atomic<bool>& ending) {
    while (!ending) {
        SDL_Event event;
        if (SDL_WaitEventTimeout(&event, frame_ms) != 0) {
            do handle(event);
            while (SDL_PollEvent(&event) != 0);
        }
        input_.flush();
        feed_.request();
        if (const auto rows = feed_.update()) take_rows(*rows);
        present();
    }
    input_.release_keys();
    capture(false);
}

void Screen::handle(const SDL_Event& event) {
    switch (event.type) {
    case SDL_QUIT:
        if (!closed_ && wiring_.closed) wiring_.closed();
        closed_ = true;
        return;
    case SDL_WINDOWEVENT:
        return handle_window(event.window);
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        return carry_out(input_.key(event.key));
    case SDL_MOUSEMOTION:
        return input_.motion(event.motion);
    case SDL_MOUSEWHEEL:
        return input_.wheel(event.wheel);
    case SDL_MOUSEBUTTONDOWN:
        if (!input_.captured()) return capture(true); // this click is not the guest's
        [[fallthrough]];
    case SDL_MOUSEBUTTONUP:
        return input_.button(event.button);
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
        texture_.reset();
        if (feed_.image().width != 0) take_rows({0, feed_.image().height});
        return;
    default:
        return;
    }
}

void Screen::handle_window(const SDL_WindowEvent& event) {
    switch (event.event) {
    case SDL_WINDOWEVENT_FOCUS_LOST:
        input_.release_keys();
        capture(false);
        return;
    case SDL_WINDOWEVENT_RESIZED: // not by SDL_SetWindowSize()
        own_size_ = true;
        stale_ = true;
        return;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
        stale_ = true;
        return;
    default:
        return;
    }
}

void Screen::carry_out(WindowCommand command) {
    switch (command) {
    case WindowCommand::none:
        return;
    case WindowCommand::toggle_capture:
        return capture(!input_.captured());
    case WindowCommand::toggle_full_screen: {
        const bool full = (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN) != 0;
        SDL_SetWindowFullscreen(window_.get(), full ? 0 : static_cast<u32>(SDL_WINDOW_FULLSCREEN_DESKTOP));
        return;
    }
    case WindowCommand::original_size:
        own_size_ = false;
        return fit_window();
    case WindowCommand::screenshot:
        return save_screenshot();
    }
}

void Screen::capture(bool captured) {
    if (captured == input_.captured() || (captured && !input_.can_capture())) return;
    // Keys that the desktop takes for itself go to the guest as long.
    SDL_SetRelativeMouseMode(captured ? SDL_TRUE : SDL_FALSE);
    SDL_SetWindowKeyboardGrab(window_.get(), captured ? SDL_TRUE : SDL_FALSE);
    input_.capture(captured);
    show_title();
}

void Screen::show_title() {
    const std::string_view hint = input_.captured()      ? "Ctrl-Alt-G gives the mouse back"
                                  : input_.can_capture() ? "a click takes the mouse"
                                                         : "Ctrl-Alt-F fills the screen";
    SDL_SetWindowTitle(window_.get(), fmt::format("{} ({})", wiring_.title, hint).c_str());
}

// The guest chose another mode.
void Screen::follow_guest() {
    const Image& image = feed_.image();
    texture_.reset(SDL_CreateTexture(renderer_.get(), SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                                     static_cast<int>(image.width), static_cast<int>(image.height)));
    if (!texture_)
        return log::warning("the window can't show {} x {} pixels: {}", image.width, image.height, SDL_GetError());
    if (!own_size_) fit_window();
}

void Screen::fit_window() {
    if (!texture_) return;
    SDL_SetWindowSize(window_.get(), static_cast<int>(feed_.image().width * options_.scale),
                      static_cast<int>(feed_.image().height * options_.scale));
    stale_ = true;
}

void Screen::take_rows(RowRange rows) {
    const Image& image = feed_.image();
    int width = 0, height = 0;
    if (texture_) SDL_QueryTexture(texture_.get(), nullptr, nullptr, &width, &height);
    if (static_cast<u32>(width) != image.width || static_cast<u32>(height) != image.height) follow_guest();
    if (!texture_) return;
    const SDL_Rect changed{0, static_cast<int>(rows.first), static_cast<int>(image.width),
                           static_cast<int>(rows.end - rows.first)};
    SDL_UpdateTexture(texture_.get(), &changed, image.row(rows.first), static_cast<int>(image.width * sizeof(u32)));
    stale_ = true;
}

// As large as the window allows, in its middle, and not distorted.
SDL_Rect Screen::place_of_picture() const {
    const int width = static_cast<int>(feed_.image().width), height = static_cast<int>(feed_.image().height);
    int room_width = 0, room_height = 0;
    SDL_GetRendererOutputSize(renderer_.get(), &room_width, &room_height);
    SDL_Rect place{0, 0, room_width, room_height};
    if (i64{room_width} * height > i64{room_height} * width)
        place.w = std::max(1, static_cast<int>(i64{room_height} * width / height));
    else
        place.h = std::max(1, static_cast<int>(i64{room_width} * height / width));
    place.x = (room_width - place.w) / 2;
    place.y = (room_height - place.h) / 2;
    return place;
}

void Screen::present() {
    if (!stale_) return;
    stale_ = false;
    SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, SDL_ALPHA_OPAQUE);
    SDL_RenderClear(renderer_.get());
    if (texture_) {
        const SDL_Rect place = place_of_picture();
        // Letters stay sharp where every pixel becomes a square of pixels.
        const bool whole = static_cast<u32>(place.w) % feed_.image().width == 0;
        SDL_SetTextureScaleMode(texture_.get(), whole ? SDL_ScaleModeNearest : SDL_ScaleModeLinear);
        SDL_RenderCopy(renderer_.get(), texture_.get(), nullptr, &place);
    }
    SDL_RenderPresent(renderer_.get());
}

void Screen::save_screenshot() {
    const std::string name = screenshot_name();
    if (const Status saved = write_png(name, feed_.image()); saved)
        log::info("the screen is in {}", name);
    else
        log::warning("{}", saved.error().message());
}

class SdlWindow final : public HostWindow {
public:
    SdlWindow(const WindowOptions& options, Wiring wiring) : options_(options), wiring_(std::move(wiring)) {}
    ~SdlWindow() override {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
    }
    Status start() {
        std::promise<Status> opened;
        std::future<Status> outcome = opened.get_future();
        thread_ = std::thread([this, opened = std::move(opened)]() mutable {
            Screen screen(options_, wiring_);
            Status open = screen.open();
            const bool usable = open.has_value();
            opened.set_value(std::move(open));
            if (usable) screen.run(ending_);
        });
        return outcome.get();
    }

private:
    const WindowOptions options_;
    Wiring wiring_;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

} // namespace

Result<std::unique_ptr<HostWindow>> HostWindow::create(const WindowOptions& options, Wiring wiring) {
    auto window = std::make_unique<SdlWindow>(options, std::move(wiring));
    TRY_STATUS(window->start());
    return window;
}

} // namespace orrery
