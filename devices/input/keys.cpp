#include "devices/input/keys.hpp"

#include <algorithm>
#include <array>

namespace orrery {
namespace {

constexpr Key numbered(Key first, u32 index) { return static_cast<Key>(static_cast<u32>(first) + index); }

// "Keyboard Scan Code Specification" (Microsoft, 1.3a), appendices A and C, for sets 1 and 2; IBM's 101-key keyboard
// for set 3.
constexpr KeyRow rows[] = {
    {numbered(Key::a, 0), "a", 0x1e, 0x1c, 0x1c},
    {numbered(Key::a, 1), "b", 0x30, 0x32, 0x32},
    {numbered(Key::a, 2), "c", 0x2e, 0x21, 0x21},
    {numbered(Key::a, 3), "d", 0x20, 0x23, 0x23},
    {numbered(Key::a, 4), "e", 0x12, 0x24, 0x24},
    {numbered(Key::a, 5), "f", 0x21, 0x2b, 0x2b},
    {numbered(Key::a, 6), "g", 0x22, 0x34, 0x34},
    {numbered(Key::a, 7), "h", 0x23, 0x33, 0x33},
    {numbered(Key::a, 8), "i", 0x17, 0x43, 0x43},
    {numbered(Key::a, 9), "j", 0x24, 0x3b, 0x3b},
    {numbered(Key::a, 10), "k", 0x25, 0x42, 0x42},
    {numbered(Key::a, 11), "l", 0x26, 0x4b, 0x4b},
    {numbered(Key::a, 12), "m", 0x32, 0x3a, 0x3a},
    {numbered(Key::a, 13), "n", 0x31, 0x31, 0x31},
    {numbered(Key::a, 14), "o", 0x18, 0x44, 0x44},
    {numbered(Key::a, 15), "p", 0x19, 0x4d, 0x4d},
    {numbered(Key::a, 16), "q", 0x10, 0x15, 0x15},
    {numbered(Key::a, 17), "r", 0x13, 0x2d, 0x2d},
    {numbered(Key::a, 18), "s", 0x1f, 0x1b, 0x1b},
    {numbered(Key::a, 19), "t", 0x14, 0x2c, 0x2c},
    {numbered(Key::a, 20), "u", 0x16, 0x3c, 0x3c},
    {numbered(Key::a, 21), "v", 0x2f, 0x2a, 0x2a},
    {numbered(Key::a, 22), "w", 0x11, 0x1d, 0x1d},
    {numbered(Key::a, 23), "x", 0x2d, 0x22, 0x22},
    {numbered(Key::a, 24), "y", 0x15, 0x35, 0x35},
    {numbered(Key::a, 25), "z", 0x2c, 0x1a, 0x1a},
    {numbered(Key::digit_1, 0), "1", 0x02, 0x16, 0x16},
    {numbered(Key::digit_1, 1), "2", 0x03, 0x1e, 0x1e},
    {numbered(Key::digit_1, 2), "3", 0x04, 0x26, 0x26},
    {numbered(Key::digit_1, 3), "4", 0x05, 0x25, 0x25},
    {numbered(Key::digit_1, 4), "5", 0x06, 0x2e, 0x2e},
    {numbered(Key::digit_1, 5), "6", 0x07, 0x36, 0x36},
    {numbered(Key::digit_1, 6), "7", 0x08, 0x3d, 0x3d},
    {numbered(Key::digit_1, 7), "8", 0x09, 0x3e, 0x3e},
    {numbered(Key::digit_1, 8), "9", 0x0a, 0x46, 0x46},
    {Key::digit_0, "0", 0x0b, 0x45, 0x45},
    {Key::enter, "ret", 0x1c, 0x5a, 0x5a},
    {Key::escape, "esc", 0x01, 0x76, 0x08},
    {Key::backspace, "backspace", 0x0e, 0x66, 0x66},
    {Key::tab, "tab", 0x0f, 0x0d, 0x0d},
    {Key::space, "spc", 0x39, 0x29, 0x29},
    {Key::minus, "minus", 0x0c, 0x4e, 0x4e},
    {Key::equal, "equal", 0x0d, 0x55, 0x55},
    {Key::left_bracket, "bracket_left", 0x1a, 0x54, 0x54},
    {Key::right_bracket, "bracket_right", 0x1b, 0x5b, 0x5b},
    {Key::backslash, "backslash", 0x2b, 0x5d, 0x5c},
    {Key::non_us_hash, "hash", 0x2b, 0x5d, 0x53},
    {Key::semicolon, "semicolon", 0x27, 0x4c, 0x4c},
    {Key::apostrophe, "apostrophe", 0x28, 0x52, 0x52},
    {Key::grave, "grave_accent", 0x29, 0x0e, 0x0e},
    {Key::comma, "comma", 0x33, 0x41, 0x41},
    {Key::dot, "dot", 0x34, 0x49, 0x49},
    {Key::slash, "slash", 0x35, 0x4a, 0x4a},
    {Key::caps_lock, "caps_lock", 0x3a, 0x58, 0x14},
    {numbered(Key::f1, 0), "f1", 0x3b, 0x05, 0x07},
    {numbered(Key::f1, 1), "f2", 0x3c, 0x06, 0x0f},
    {numbered(Key::f1, 2), "f3", 0x3d, 0x04, 0x17},
    {numbered(Key::f1, 3), "f4", 0x3e, 0x0c, 0x1f},
    {numbered(Key::f1, 4), "f5", 0x3f, 0x03, 0x27},
    {numbered(Key::f1, 5), "f6", 0x40, 0x0b, 0x2f},
    {numbered(Key::f1, 6), "f7", 0x41, 0x83, 0x37},
    {numbered(Key::f1, 7), "f8", 0x42, 0x0a, 0x3f},
    {numbered(Key::f1, 8), "f9", 0x43, 0x01, 0x47},
    {numbered(Key::f1, 9), "f10", 0x44, 0x09, 0x4f},
    {numbered(Key::f1, 10), "f11", 0x57, 0x78, 0x56},
    {numbered(Key::f1, 11), "f12", 0x58, 0x07, 0x5e},
    {Key::print_screen, "print", 0xe037, 0xe07c, 0x57},
    {Key::scroll_lock, "scroll_lock", 0x46, 0x7e, 0x5f},
    {Key::pause, "pause", 0xe046, 0xe07e, 0x62},
    {Key::insert, "insert", 0xe052, 0xe070, 0x67},
    {Key::home, "home", 0xe047, 0xe06c, 0x6e},
    {Key::page_up, "pgup", 0xe049, 0xe07d, 0x6f},
    {Key::del, "delete", 0xe053, 0xe071, 0x64},
    {Key::end, "end", 0xe04f, 0xe069, 0x65},
    {Key::page_down, "pgdn", 0xe051, 0xe07a, 0x6d},
    {Key::right, "right", 0xe04d, 0xe074, 0x6a},
    {Key::left, "left", 0xe04b, 0xe06b, 0x61},
    {Key::down, "down", 0xe050, 0xe072, 0x60},
    {Key::up, "up", 0xe048, 0xe075, 0x63},
    {Key::num_lock, "num_lock", 0x45, 0x77, 0x76},
    {Key::keypad_divide, "kp_divide", 0xe035, 0xe04a, 0x77},
    {Key::keypad_multiply, "kp_multiply", 0x37, 0x7c, 0x7e},
    {Key::keypad_subtract, "kp_subtract", 0x4a, 0x7b, 0x84},
    {Key::keypad_add, "kp_add", 0x4e, 0x79, 0x7c},
    {Key::keypad_enter, "kp_enter", 0xe01c, 0xe05a, 0x79},
    {numbered(Key::keypad_1, 0), "kp_1", 0x4f, 0x69, 0x69},
    {numbered(Key::keypad_1, 1), "kp_2", 0x50, 0x72, 0x72},
    {numbered(Key::keypad_1, 2), "kp_3", 0x51, 0x7a, 0x7a},
    {numbered(Key::keypad_1, 3), "kp_4", 0x4b, 0x6b, 0x6b},
    {numbered(Key::keypad_1, 4), "kp_5", 0x4c, 0x73, 0x73},
    {numbered(Key::keypad_1, 5), "kp_6", 0x4d, 0x74, 0x74},
    {numbered(Key::keypad_1, 6), "kp_7", 0x47, 0x6c, 0x6c},
    {numbered(Key::keypad_1, 7), "kp_8", 0x48, 0x75, 0x75},
    {numbered(Key::keypad_1, 8), "kp_9", 0x49, 0x7d, 0x7d},
    {Key::keypad_0, "kp_0", 0x52, 0x70, 0x70},
    {Key::keypad_decimal, "kp_decimal", 0x53, 0x71, 0x71},
    {Key::non_us_backslash, "less", 0x56, 0x61, 0x13},
    {Key::menu, "menu", 0xe05d, 0xe02f, 0x8d},
    {Key::international_1, "ro", 0x73, 0x51, 0x51},
    {Key::international_2, "katakana_hiragana", 0x70, 0x13, 0x87},
    {Key::international_3, "yen", 0x7d, 0x6a, 0x5d},
    {Key::international_4, "henkan", 0x79, 0x64, 0x86},
    {Key::international_5, "muhenkan", 0x7b, 0x67, 0x85},
    {Key::left_control, "ctrl", 0x1d, 0x14, 0x11},
    {Key::left_shift, "shift", 0x2a, 0x12, 0x12},
    {Key::left_alt, "alt", 0x38, 0x11, 0x19},
    {Key::left_meta, "meta_l", 0xe05b, 0xe01f, 0x8b},
    {Key::right_control, "ctrl_r", 0xe01d, 0xe014, 0x58},
    {Key::right_shift, "shift_r", 0x36, 0x59, 0x59},
    {Key::right_alt, "alt_r", 0xe038, 0xe011, 0x39},
    {Key::right_meta, "meta_r", 0xe05c, 0xe027, 0x8c},
};

constexpr u8 no_row = 0xff;

// The row of each key, by its number.
constexpr std::array<u8, 256> row_of_key = [] {
    std::array<u8, 256> index{};
    index.fill(no_row);
    for (u8 i = 0; const KeyRow& row : rows) index[static_cast<u8>(row.key)] = i++;
    return index;
}();

// The keys that type punctuation: the character without and with Shift.
struct Punctuation {
    Key key;
    char plain;
    char shifted;
};
constexpr Punctuation punctuation[] = {
    {Key::minus, '-', '_'},         {Key::equal, '=', '+'},      {Key::left_bracket, '[', '{'},
    {Key::right_bracket, ']', '}'}, {Key::backslash, '\\', '|'}, {Key::semicolon, ';', ':'},
    {Key::apostrophe, '\'', '"'},   {Key::grave, '`', '~'},      {Key::comma, ',', '<'},
    {Key::dot, '.', '>'},           {Key::slash, '/', '?'},      {Key::space, ' ', ' '},
    {Key::enter, '\n', '\n'},       {Key::enter, '\r', '\r'},    {Key::tab, '\t', '\t'},
    {Key::backspace, '\b', '\b'},   {Key::escape, 0x1b, 0x1b},   {Key::del, 0x7f, 0x7f},
};
constexpr std::string_view digits = "1234567890";
constexpr std::string_view shifted_digits = "!@#$%^&*()";

} // namespace

std::span<const KeyRow> key_rows() { return rows; }

const KeyRow* find_key(Key key) {
    const u8 index = row_of_key[static_cast<u8>(key)];
    return index == no_row ? nullptr : &rows[index];
}

const KeyRow* find_key(std::string_view name) {
    const auto found = std::ranges::find(rows, name, &KeyRow::name);
    return found == std::end(rows) ? nullptr : found;
}

std::optional<KeyStroke> us_key_stroke(char character) {
    if (character >= 'a' && character <= 'z')
        return KeyStroke{numbered(Key::a, static_cast<u32>(character - 'a')), false};
    if (character >= 'A' && character <= 'Z')
        return KeyStroke{numbered(Key::a, static_cast<u32>(character - 'A')), true};
    if (const auto at = digits.find(character); at != digits.npos)
        return KeyStroke{numbered(Key::digit_1, static_cast<u32>(at)), false};
    if (const auto at = shifted_digits.find(character); at != shifted_digits.npos)
        return KeyStroke{numbered(Key::digit_1, static_cast<u32>(at)), true};
    for (const Punctuation& row : punctuation) {
        if (row.plain == character) return KeyStroke{row.key, false};
        if (row.shifted == character) return KeyStroke{row.key, true};
    }
    return std::nullopt;
}

} // namespace orrery
