// The physical keys of a keyboard, named by their position and numbered as USB does ("HID usage", HID Usage
// Tables 1.12, page 7), and what a PS/2 keyboard calls them: the one table behind the window, the monitor's `sendkey`
// and the chip.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery {

// An SDL scancode has the same number.
enum class Key : u8 {
    none = 0x00,
    a = 0x04,
    z = 0x1d,
    digit_1 = 0x1e,
    digit_9 = 0x26,
    digit_0 = 0x27,
    enter = 0x28,
    escape,
    backspace,
    tab,
    space,
    minus,
    equal,
    left_bracket,
    right_bracket,
    backslash,
    non_us_hash,
    semicolon,
    apostrophe,
    grave,
    comma,
    dot,
    slash,
    caps_lock,
    f1 = 0x3a,
    f12 = 0x45,
    print_screen,
    scroll_lock,
    pause,
    insert,
    home,
    page_up,
    del,
    end,
    page_down,
    right,
    left,
    down,
    up,
    num_lock,
    keypad_divide,
    keypad_multiply,
    keypad_subtract,
    keypad_add,
    keypad_enter,
    keypad_1,
    keypad_9 = 0x61,
    keypad_0,
    keypad_decimal,
    non_us_backslash,
    menu,
    international_1 = 0x87, // Ro
    international_2,        // Katakana, Hiragana
    international_3,        // Yen
    international_4,        // Henkan
    international_5,        // Muhenkan
    left_control = 0xe0,
    left_shift,
    left_alt,
    left_meta,
    right_control,
    right_shift,
    right_alt,
    right_meta,
};

// The make codes of one key. An 0xe0 in the upper byte is a byte sent before. print_screen and pause have longer
// sequences in sets 1 and 2 (scan_codes.hpp); here stand the codes they have with Ctrl held.
struct KeyRow {
    Key key;
    std::string_view name; // what `sendkey` calls it
    u16 set_1;
    u16 set_2;
    u8 set_3;
};

std::span<const KeyRow> key_rows();
// Null: no such key.
const KeyRow* find_key(Key key);
const KeyRow* find_key(std::string_view name);

// How a US keyboard types a character of ASCII (line feed is Enter). Empty: it can't.
struct KeyStroke {
    Key key = Key::none;
    bool shift = false;
    constexpr bool operator==(const KeyStroke&) const = default;
};
std::optional<KeyStroke> us_key_stroke(char character);

} // namespace orrery
