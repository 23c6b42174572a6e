#include "devices/input/scan_codes.hpp"

namespace orrery {
namespace {

constexpr u8 set_1_break = 0x80;
constexpr u8 break_prefix = 0xf0;

// Key codes of the 8042's table, for the codes 00 to 7f. What follows is unchanged, but for two (83: F7, 84: SysRq).
constexpr std::array<u8, 128> translations = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, //
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, //
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, //
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, //
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61, //
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, //
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, //
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
};

void add(ScanSequence& sequence, ScanCodeSet set, u16 code, bool pressed) {
    if (code >> 8) sequence.add(static_cast<u8>(code >> 8));
    const u8 low = static_cast<u8>(code);
    if (set == ScanCodeSet::set_1) {
        sequence.add(pressed ? low : low | set_1_break);
    } else {
        if (!pressed) sequence.add(break_prefix);
        sequence.add(low);
    }
}

// Print Screen began as Shift and the keypad's *, and is SysRq with Alt.
ScanSequence print_screen(u16 code, bool pressed, ScanCodeSet set, HeldModifiers held) {
    const bool first = set == ScanCodeSet::set_1;
    const u16 shift = first ? 0xe02a : 0xe012;
    ScanSequence sequence;
    if (held.alt) {
        add(sequence, set, first ? 0x54 : 0x84, pressed);
        return sequence;
    }
    const bool with_shift = !held.shift && !held.control;
    if (with_shift && pressed) add(sequence, set, shift, true);
    add(sequence, set, code, pressed);
    if (with_shift && !pressed) add(sequence, set, shift, false);
    return sequence;
}

// Pause sends all it has to say when it is pressed.
ScanSequence pause(u16 code, bool pressed, ScanCodeSet set, HeldModifiers held) {
    if (!pressed) return {};
    if (held.control) {
        ScanSequence sequence;
        add(sequence, set, code, true);
        add(sequence, set, code, false);
        return sequence;
    }
    if (set == ScanCodeSet::set_1) return {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5};
    return {0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77};
}

} // namespace

ScanSequence scan_sequence(Key key, bool pressed, ScanCodeSet set, HeldModifiers held) {
    const KeyRow* row = find_key(key);
    if (!row) return {};
    ScanSequence sequence;
    if (set == ScanCodeSet::set_3) {
        add(sequence, set, row->set_3, pressed);
        return sequence;
    }
    const u16 code = set == ScanCodeSet::set_1 ? row->set_1 : row->set_2;
    if (key == Key::print_screen) return print_screen(code, pressed, set, held);
    if (key == Key::pause) return pause(code, pressed, set, held);
    add(sequence, set, code, pressed);
    return sequence;
}

u8 translate_to_set_1(u8 set_2_code) {
    if (set_2_code < translations.size()) return translations[set_2_code];
    if (set_2_code == 0x83) return 0x41;
    if (set_2_code == 0x84) return 0x54;
    return set_2_code;
}

} // namespace orrery
