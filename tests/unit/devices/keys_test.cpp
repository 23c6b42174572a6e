#include "devices/input/scan_codes.hpp"
#include "tests/support/catch.hpp"

#include <set>
#include <string>
#include <vector>

using namespace orrery;

namespace {

using Codes = std::vector<u8>;

Codes sent(Key key, bool pressed, ScanCodeSet set, HeldModifiers held = {}) {
    const ScanSequence sequence = scan_sequence(key, pressed, set, held);
    return {sequence.codes().begin(), sequence.codes().end()};
}

// As the keyboard controller shows a sequence of set 2.
Codes translated(const Codes& codes) {
    Codes result;
    bool released = false;
    for (const u8 code : codes) {
        if (code == 0xf0) {
            released = true;
            continue;
        }
        result.push_back(released ? translate_to_set_1(code) | 0x80 : translate_to_set_1(code));
        released = false;
    }
    return result;
}

} // namespace

TEST_CASE("every key's sequence of set 1 is the translation of its sequence of set 2, whatever modifier is held") {
    const HeldModifiers holds[] = {{}, {.shift = true}, {.control = true}, {.alt = true}};
    for (const KeyRow& row : key_rows()) {
        INFO(row.name);
        for (const HeldModifiers held : holds)
            for (const bool pressed : {true, false})
                CHECK(translated(sent(row.key, pressed, ScanCodeSet::set_2, held)) ==
                      sent(row.key, pressed, ScanCodeSet::set_1, held));
    }
}

TEST_CASE("no two keys have a name or a code in common, but for the two that share a place on US keyboards") {
    std::set<std::string_view> names;
    std::set<u16> set_1, set_2, set_3;
    for (const KeyRow& row : key_rows()) {
        INFO(row.name);
        CHECK(names.insert(row.name).second);
        CHECK(set_3.insert(row.set_3).second);
        if (row.key == Key::non_us_hash) continue;
        CHECK(set_1.insert(row.set_1).second);
        CHECK(set_2.insert(row.set_2).second);
    }
    REQUIRE(names.size() == 111);
}

TEST_CASE("keys are found by their USB number and by their name") {
    REQUIRE(find_key(static_cast<Key>(0x04))->name == "a");
    REQUIRE(find_key("f10")->key == static_cast<Key>(0x43));
    REQUIRE(find_key("delete")->set_1 == 0xe053);
    REQUIRE(find_key("up")->key == Key::up);
    REQUIRE(find_key("kp_9")->key == Key::keypad_9);
    REQUIRE(find_key("hyper") == nullptr);
    REQUIRE(find_key(static_cast<Key>(0x03)) == nullptr);
}

TEST_CASE("Print Screen, SysRq, Pause and Break have their own sequences") {
    using enum ScanCodeSet;
    REQUIRE(sent(Key::print_screen, true, set_2) == Codes{0xe0, 0x12, 0xe0, 0x7c});
    REQUIRE(sent(Key::print_screen, false, set_2) == Codes{0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12});
    REQUIRE(sent(Key::print_screen, true, set_2, {.control = true}) == Codes{0xe0, 0x7c});
    REQUIRE(sent(Key::print_screen, true, set_2, {.alt = true}) == Codes{0x84});
    REQUIRE(sent(Key::print_screen, false, set_1) == Codes{0xe0, 0xb7, 0xe0, 0xaa});
    REQUIRE(sent(Key::pause, true, set_2) == Codes{0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77});
    REQUIRE(sent(Key::pause, true, set_1) == Codes{0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5});
    REQUIRE(sent(Key::pause, false, set_1).empty());
    REQUIRE(sent(Key::pause, true, set_1, {.control = true}) == Codes{0xe0, 0x46, 0xe0, 0xc6});
    REQUIRE(sent(Key::pause, true, set_3) == Codes{0x62});
    REQUIRE(sent(Key::pause, false, set_3) == Codes{0xf0, 0x62});
}

TEST_CASE("every printable ASCII character has one stroke on a US keyboard, and no two have the same") {
    std::set<std::pair<Key, bool>> strokes;
    for (char character = ' '; character < 0x7f; ++character) {
        INFO(character);
        const auto stroke = us_key_stroke(character);
        REQUIRE(stroke.has_value());
        REQUIRE(find_key(stroke->key) != nullptr);
        CHECK(strokes.insert({stroke->key, stroke->shift}).second);
    }
    REQUIRE(us_key_stroke('a') == KeyStroke{find_key("a")->key, false});
    REQUIRE(us_key_stroke('Z') == KeyStroke{find_key("z")->key, true});
    REQUIRE(us_key_stroke('0') == KeyStroke{find_key("0")->key, false});
    REQUIRE(us_key_stroke(')') == KeyStroke{find_key("0")->key, true});
    REQUIRE(us_key_stroke('|') == KeyStroke{find_key("backslash")->key, true});
    REQUIRE(us_key_stroke('\n') == KeyStroke{Key::enter, false});
    REQUIRE(us_key_stroke('\x01') == std::nullopt);
    REQUIRE(us_key_stroke('\xe4') == std::nullopt);
}
