// IRQ 1: scan codes of set 1, as the 8042 translates them, become keys (IBM PS/2 technical reference, keyboard).
#include "bios/pc/services/keyboard.h"

enum { key_alt = 0x38, key_control = 0x1d, key_left_shift = 0x2a, key_right_shift = 0x36 };
enum {
    flag_right_shift = 1,
    flag_left_shift = 2,
    flag_control = 4,
    flag_alt = 8,
    flag_scroll = 0x10,
    flag_num = 0x20,
    flag_caps = 0x40,
    flag_insert = 0x80
};
enum { flags3_e0 = 0x02, flags3_e1 = 0x01 };

// ASCII of scan codes 00h to 39h, alone and shifted; 0: none.
static const u8 plain_keys[] = "\0\x1b"
                               "1234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const u8 shifted_keys[] = "\0\x1b!@#$%^&*()_+\b\0QWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
enum { character_keys = 0x3a };

// Scan codes 47h to 53h.
static const char keypad_digits[] = "789-456+1230.";
static const u8 keypad_control[] = {0x77, 0x8d, 0x84, 0x8e, 0x73, 0x8f, 0x74, 0x90, 0x75, 0x91, 0x76, 0x92, 0x93};

static u8 flags(void) { return peek8(bda_segment, bda_key_flags); }

static u16 with_control(u8 code, u8 ascii) {
    if (ascii >= 'a' && ascii <= 'z') return (u16)(code << 8 | (ascii & 0x1f));
    switch (ascii) {
    case '2':
        return 0x0300;
    case '6':
        return 0x071e;
    case '-':
        return 0x0c1f;
    case '[':
        return 0x1a1b;
    case ']':
        return 0x1b1d;
    case '\\':
        return 0x2b1c;
    case '\b':
        return 0x0e7f;
    case '\r':
        return 0x1c0a;
    case '\t':
        return 0x9400;
    case '*':
        return 0x9600;
    case 0x1b:
    case ' ':
        return (u16)(code << 8 | ascii);
    default:
        return 0;
    }
}

static u16 with_alt(u8 code) {
    if (code >= 0x02 && code <= 0x0d) return (u16)((code + 0x76) << 8);
    if (code == 0x39) return 0x3920;
    if (code == 0x0f) return 0xa500;
    return (u16)(code << 8);
}

static u16 character_key(u8 code) {
    const u8 ascii = plain_keys[code];
    if (ascii == 0) return 0;
    if (flags() & flag_alt) return with_alt(code);
    if (flags() & flag_control) return with_control(code, ascii);
    bool shifted = (flags() & (flag_left_shift | flag_right_shift)) != 0;
    if (code == 0x0f && shifted) return 0x0f00; // back tab
    if (ascii >= 'a' && ascii <= 'z' && (flags() & flag_caps)) shifted = !shifted;
    return (u16)(code << 8 | (shifted ? shifted_keys[code] : ascii));
}

static u16 function_key(u8 code) {
    const u8 number = code >= 0x57 ? (u8)(code - 0x57 + 10) : (u8)(code - 0x3b); // F1 is 0
    const bool late = number >= 10;
    if (flags() & flag_alt) return (u16)((late ? 0x8b + number - 10 : 0x68 + number) << 8);
    if (flags() & flag_control) return (u16)((late ? 0x89 + number - 10 : 0x5e + number) << 8);
    if (flags() & (flag_left_shift | flag_right_shift)) return (u16)((late ? 0x87 + number - 10 : 0x54 + number) << 8);
    return (u16)((late ? 0x85 + number - 10 : code) << 8);
}

static u16 keypad_key(u8 code, bool extended) {
    const u8 at = (u8)(code - 0x47);
    const u8 digit = (u8)keypad_digits[at];
    const u8 grey = extended ? 0xe0 : 0;
    if (flags() & flag_control) return (u16)(keypad_control[at] << 8 | grey);
    if (flags() & flag_alt) {
        if (extended) return (u16)((code + 0x50) << 8);
        if (digit >= '0' && digit <= '9') {
            const u8 number = peek8(bda_segment, bda_key_alt_number);
            poke8(bda_segment, bda_key_alt_number, (u8)(number * 10 + digit - '0'));
        }
        return 0;
    }
    if (digit == '-' || digit == '+') return (u16)(code << 8 | digit);
    bool number = (flags() & flag_num) != 0;
    if (flags() & (flag_left_shift | flag_right_shift)) number = !number;
    if (!extended && number) return (u16)(code << 8 | digit);
    if (code == 0x52) poke8(bda_segment, bda_key_flags, flags() ^ flag_insert);
    return (u16)(code << 8 | grey);
}

static u16 key_of(u8 code, bool extended) {
    if (extended && code == 0x1c) return flags() & flag_control ? 0xe00a : 0xe00d;
    if (extended && code == 0x35) return 0xe02f;
    if (code < character_keys) return character_key(code);
    if ((code >= 0x3b && code <= 0x44) || code == 0x57 || code == 0x58) return function_key(code);
    if (code >= 0x47 && code <= 0x53) return keypad_key(code, extended);
    return code == 0x56 ? (flags() & (flag_left_shift | flag_right_shift) ? 0x567c : 0x565c) : 0;
}

static u8 modifier(u8 code) {
    switch (code) {
    case key_left_shift:
        return flag_left_shift;
    case key_right_shift:
        return flag_right_shift;
    case key_control:
        return flag_control;
    case key_alt:
        return flag_alt;
    default:
        return 0;
    }
}

// The left and right keys of a kind have bits of their own: left in flags2, right in flags3.
static void note_side(u8 code, bool extended, bool pressed) {
    if (code != key_control && code != key_alt) return;
    const u16 place = extended ? bda_key_flags3 : bda_key_flags2;
    const u8 bit = extended ? (code == key_control ? 0x04 : 0x08) : (code == key_control ? 0x01 : 0x02);
    const u8 now = peek8(bda_segment, place);
    poke8(bda_segment, place, (u8)(pressed ? now | bit : now & ~bit));
}

static void released(u8 code, bool extended) {
    const u8 bit = modifier(code);
    if (bit == 0) return;
    note_side(code, extended, false);
    poke8(bda_segment, bda_key_flags, flags() & (u8)~bit);
    const u8 number = peek8(bda_segment, bda_key_alt_number);
    if (code != key_alt || number == 0) return;
    put_key(number);
    poke8(bda_segment, bda_key_alt_number, 0);
}

static void restart(void) {
    poke16(bda_segment, bda_reset_flag, 0x1234);
    out8(0xcf9, 0x02);
    out8(0xcf9, 0x06);
    out8(0x64, 0xfe);
    halt_for_ever();
}

static void pressed(u8 code, bool extended) {
    const u8 bit = modifier(code);
    if (bit != 0) {
        if (extended && (bit & (flag_left_shift | flag_right_shift))) return; // around grey keys
        note_side(code, extended, true);
        poke8(bda_segment, bda_key_flags, flags() | bit);
        return;
    }
    if (code == 0x3a || (code == 0x45 && !extended) || (code == 0x46 && !extended)) {
        const u8 lock = code == 0x3a ? flag_caps : code == 0x45 ? flag_num : flag_scroll;
        poke8(bda_segment, bda_key_flags, flags() ^ lock);
        return;
    }
    if (code == 0x53 && (flags() & (flag_control | flag_alt)) == (flag_control | flag_alt)) restart();
    const u16 key = key_of(code, extended);
    if (key != 0) put_key(key);
}

static void take(u8 code) {
    const u8 state = peek8(bda_segment, bda_key_flags3);
    if (code == 0xe0 || code == 0xe1) {
        poke8(bda_segment, bda_key_flags3, (u8)(state | (code == 0xe0 ? flags3_e0 : flags3_e1)));
        return;
    }
    if (state & flags3_e1) { // Pause: E1 1D 45 E1 9D C5
        if ((code & 0x7f) == 0x45) poke8(bda_segment, bda_key_flags3, state & (u8)~flags3_e1);
        return;
    }
    const bool extended = (state & flags3_e0) != 0;
    poke8(bda_segment, bda_key_flags3, state & (u8)~flags3_e0);
    if (code & 0x80)
        released(code & 0x7f, extended);
    else
        pressed(code, extended);
}

void keyboard_interrupt(struct frame* f) {
    (void)f;
    if (in8(0x64) & 1) {
        const u32 code = keyboard_intercept(in8(0x60));
        if (code & 0x100) take((u8)code);
    }
    out8(0x20, 0x20);
}
