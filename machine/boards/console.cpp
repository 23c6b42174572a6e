#include "machine/boards/console.hpp"

#include <algorithm>
#include <vector>

#include "devices/display/display.hpp"
#include "devices/host/png_file.hpp"
#include "devices/input/input.hpp"

namespace orrery {
namespace {

// The first component that is a `Part` as well; null: there is none.
template <typename Part> Part* find_part(const Machine& machine) {
    for (const auto& component : machine.components())
        if (auto* part = dynamic_cast<Part*>(component.get())) return part;
    return nullptr;
}

Result<KeyboardInput*> keyboard_of(const Machine& machine) {
    KeyboardInput* keyboard = find_part<KeyboardInput>(machine);
    if (!keyboard) return error("this machine has no keyboard; its consoles are serial ports");
    return keyboard;
}

// What is commonly said instead of the names in the table of keys.
constexpr std::pair<std::string_view, std::string_view> other_names[]{
    {"control", "ctrl"}, {"altgr", "alt_r"},    {"enter", "ret"},  {"return", "ret"},
    {"escape", "esc"},   {"del", "delete"},     {"space", "spc"},  {"win", "meta_l"},
    {"page_up", "pgup"}, {"page_down", "pgdn"}, {"ins", "insert"}, {"super", "meta_l"},
};

const KeyRow* named(std::string_view name) {
    const auto* const found = std::ranges::find(other_names, name, [](const auto& pair) { return pair.first; });
    return find_key(found == std::end(other_names) ? name : found->second);
}

Status has_room(const KeyboardInput& keyboard, std::size_t strokes) {
    if (keyboard.room() < strokes)
        return error(
            "the keyboard's queue has room for {} more presses and releases, and this is {}; say less at once, "
            "or wait until the guest has read some",
            keyboard.room(), strokes);
    return {};
}

} // namespace

Status save_screenshot(Machine& machine, const std::string& path) {
    auto* display = find_part<Display>(machine);
    if (!display) return error("this machine has no screen");
    const std::unique_ptr<Picture> picture = display->capture();
    if (!picture) return error("the screen gave no picture");
    Image image;
    picture->draw(image);
    return write_png(path, image);
}

Result<std::unique_ptr<HostWindow>> open_window(Machine& machine, const WindowOptions& options, std::string title) {
    auto* display = find_part<Display>(machine);
    if (!display) return error("this machine has no screen; `--machine pc` has one");
    return HostWindow::create(options, {.title = std::move(title),
                                    .display = *display,
                                    .keyboard = find_part<KeyboardInput>(machine),
                                    .pointer = find_part<PointerInput>(machine),
                                    .loop = machine.events(),
                                    .closed = [&machine] { machine.stop(); }});
}

Status press_keys(Machine& machine, std::string_view combination) {
    KeyboardInput& keyboard = *TRY(keyboard_of(machine));
    std::vector<Key> keys;
    for (std::size_t at = 0; at <= combination.size();) {
        const std::size_t end = std::min(combination.find_first_of("-+", at), combination.size());
        const std::string_view name = combination.substr(at, end - at);
        const KeyRow* row = named(name);
        if (!row) return error("there is no key '{}'; names are like a, 1, enter, f12, left, ctrl-alt-delete", name);
        keys.push_back(row->key);
        at = end + 1;
    }
    TRY_STATUS(has_room(keyboard, 2 * keys.size()));
    for (const Key key : keys) keyboard.key(key, true);
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) keyboard.key(*key, false);
    return {};
}

Status type_text(Machine& machine, std::string_view text) {
    KeyboardInput& keyboard = *TRY(keyboard_of(machine));
    std::vector<KeyStroke> strokes;
    std::size_t presses = 0;
    for (const char character : text) {
        const auto stroke = us_key_stroke(character);
        if (!stroke) return error("a US keyboard can't type the character {:#04x}", static_cast<u8>(character));
        strokes.push_back(*stroke);
        presses += stroke->shift ? 4 : 2;
    }
    TRY_STATUS(has_room(keyboard, presses));
    for (const KeyStroke& stroke : strokes) {
        if (stroke.shift) keyboard.key(Key::left_shift, true);
        keyboard.key(stroke.key, true);
        keyboard.key(stroke.key, false);
        if (stroke.shift) keyboard.key(Key::left_shift, false);
    }
    return {};
}

} // namespace orrery
