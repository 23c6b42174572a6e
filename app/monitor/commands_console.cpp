// Commands for the guest's screen and keyboard.
#include "app/monitor/monitor.hpp"
#include "machine/boards/console.hpp"

namespace orrery::app::monitor {
namespace {

Result<Answer> screenshot(Monitor& monitor, Door, const Words& words) {
    if (!monitor.surroundings().may_write_files) return error("this monitor may not write files");
    TRY_STATUS(save_screenshot(monitor.machine(), words[0]));
    return said("the screen is in {}", words[0]);
}

Result<Answer> send_key(Monitor& monitor, Door, const Words& words) {
    for (const std::string& combination : words) TRY_STATUS(press_keys(monitor.machine(), combination));
    return said("pressed {}", fmt::join(words, ", "));
}

// A backslash with n, t or itself behind it stands for one character.
std::string without_escapes(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        if (next == 'n' || next == 't' || next == '\\') {
            plain += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
            ++i;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

Result<Answer> type(Monitor& monitor, Door, const Words& words) {
    const std::string text = without_escapes(fmt::format("{}", fmt::join(words, " ")));
    TRY_STATUS(type_text(monitor.machine(), text));
    return said("typed {} characters", text.size());
}

constexpr std::size_t most_words = 256;

constexpr Command commands[]{
    {"screenshot", "FILE", "saves what the screen shows as a PNG file", "screenshot grub.png", 1, 1, false, screenshot,
     nullptr},
    {"sendkey", "KEY[-KEY…] …", "presses keys together, and the next ones behind them", "sendkey ctrl-alt-delete", 1,
     most_words, false, send_key, nullptr},
    {"type", "TEXT", "types on the guest's keyboard; \\n is Enter, \\t Tab", "type ls\\n", 1, most_words, false, type,
     nullptr},
};

} // namespace

std::span<const Command> console_commands() { return commands; }

} // namespace orrery::app::monitor
