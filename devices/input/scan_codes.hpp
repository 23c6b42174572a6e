// What a PS/2 keyboard sends for a key, as pure functions: the sequences of the three scan code sets, and the keyboard
// controller's translation of set 2 into set 1.
#pragma once

#include <array>
#include <initializer_list>

#include "devices/input/keys.hpp"

namespace orrery {

class ScanSequence {
public:
    static constexpr std::size_t longest = 8;

    constexpr ScanSequence() = default;
    constexpr ScanSequence(std::initializer_list<u8> codes) {
        for (const u8 code : codes) add(code);
    }
    constexpr void add(u8 code) { codes_[count_++] = code; }
    [[nodiscard]] constexpr std::span<const u8> codes() const { return std::span(codes_).first(count_); }

private:
    std::array<u8, longest> codes_{};
    std::size_t count_ = 0;
};

enum class ScanCodeSet : u8 { set_1 = 1, set_2 = 2, set_3 = 3 };

// Which modifiers are down; print_screen and pause look at them.
struct HeldModifiers {
    bool shift = false;
    bool control = false;
    bool alt = false;
};

// Empty: the key isn't on this keyboard, or it sends nothing then (pause, when it is let go).
ScanSequence scan_sequence(Key key, bool pressed, ScanCodeSet set, HeldModifiers held);

// One code of set 2 as the 8042 shows it to a host that expects set 1. The 0xf0 that announces a release is not a code;
// it sets the uppermost bit of what follows it.
u8 translate_to_set_1(u8 set_2_code);

} // namespace orrery
