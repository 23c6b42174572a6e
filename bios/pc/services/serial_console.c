#include "bios/pc/services/serial_console.h"

#include "bios/pc/services/keyboard.h"
#include "bios/pc/shared/uart.h"

// ---- output ----

struct position {
    u8 column;
    u8 row;
};

// Where the terminal's cursor is, and its colours.
static struct position terminal;
static u8 terminal_attribute = 0x07;
static bool has_moved = true;

static void send(char character) { uart_write(shared.serial_port, character); }

static void send_number(u32 number) {
    if (number >= 10) send_number(number / 10);
    send((char)('0' + number % 10));
}

static void escape(u32 first, u32 second, char function) {
    send(0x1b);
    send('[');
    send_number(first);
    if (second != 0) {
        send(';');
        send_number(second);
    }
    send(function);
}

static void go_to(struct position to) {
    if (!has_moved && to.row == terminal.row && to.column == terminal.column) return;
    if (!has_moved && to.column == 0 && to.row == terminal.row + 1) {
        send('\r');
        send('\n');
    } else {
        escape(to.row + 1U, to.column + 1U, 'H');
    }
    terminal = to;
    has_moved = false;
}

static void use_attribute(u8 attribute) {
    static const char colours[] = "04261537"; // red and blue change places
    if (attribute == terminal_attribute) return;
    terminal_attribute = attribute;
    send(0x1b);
    send('[');
    send('0');
    if (attribute & 0x08) {
        send(';');
        send('1');
    }
    send(';');
    send('3');
    send(colours[attribute & 7]);
    send(';');
    send('4');
    send(colours[attribute >> 4 & 7]);
    send('m');
}

static u8 columns(void) {
    const u8 given = peek8(bda_segment, bda_video_columns);
    return given != 0 ? given : 80;
}

// Line drawing of code page 437, as far as ASCII can.
static char as_ascii(u8 character) {
    static const char low[] = " ooooooooooooooo><|!PS-|^v><L-^v";
    if (character == 0) return ' ';
    if (character < 0x20) return low[character];
    if (character < 0x7f) return (char)character;
    if (character == 0xb3 || character == 0xba) return '|';
    if (character == 0xc4) return '-';
    if (character == 0xcd) return '=';
    if (character >= 0xb4 && character <= 0xda) return '+';
    return character >= 0xb0 && character <= 0xdf ? '#' : '?';
}

static void put(u8 character) {
    send(as_ascii(character));
    if (++terminal.column == columns()) has_moved = true;
}

static u8 active_page(void) { return peek8(bda_segment, bda_video_page); }

static struct position cursor(void) {
    const u16 packed = peek16(bda_segment, (u16)(bda_video_cursors + 2 * active_page()));
    return (struct position){.column = (u8)packed, .row = (u8)(packed >> 8)};
}

static void teletype(u8 character) {
    const u8 last_row = peek8(bda_segment, bda_video_rows);
    if (character >= 0x20 || character == 0) {
        go_to(cursor());
        use_attribute(0x07);
        put(character);
    } else if (character == '\n') {
        const struct position at = cursor();
        go_to(at);
        send('\n');
        if (terminal.row < last_row) ++terminal.row;
    } else if (character == '\r') {
        go_to(cursor());
        send('\r');
        terminal.column = 0;
    } else if (character == '\b') {
        struct position at = cursor();
        if (at.column == 0) return;
        --at.column;
        go_to(at);
    } else if (character == 7) {
        send(7);
    }
}

static void repeat(u8 character, u8 attribute, u32 count) {
    struct position at = cursor();
    const u32 room = columns() - at.column;
    if (count > room) count = room;
    go_to(at);
    use_attribute(attribute);
    while (count-- != 0) put(character);
}

static void clear(void) {
    use_attribute(0x07);
    escape(2, 0, 'J');
    has_moved = true;
}

// A window of the whole screen moves the terminal's text; of a smaller one only the clearing is shown.
static void scroll(const struct frame* f) {
    const u8 rows = (u8)(f->dh - f->ch + 1);
    const bool whole = f->ch == 0 && f->cl == 0 && f->dl + 1 >= columns();
    if (f->al == 0 || f->al >= rows) {
        if (whole && f->dh >= peek8(bda_segment, bda_video_rows)) {
            clear();
            return;
        }
        use_attribute(f->bh);
        for (u8 row = f->ch; row <= f->dh && row < 60; ++row) {
            go_to((struct position){.column = f->cl, .row = row});
            for (u8 column = f->cl; column <= f->dl && column < columns(); ++column) put(' ');
        }
    } else if (whole && f->ah == 6) {
        escape(25, 1, 'H');
        for (u8 i = 0; i < f->al; ++i) send('\n');
        has_moved = true;
    }
}

static void write_string(const struct frame* f) {
    struct position at = {.column = f->dl, .row = f->dh};
    u16 from = f->bp;
    for (u16 i = 0; i < f->cx; ++i) {
        const u8 character = peek8(f->es, from++);
        const u8 attribute = f->al & 2 ? peek8(f->es, from++) : f->bl;
        if (character == '\r') {
            at.column = 0;
        } else if (character == '\n') {
            ++at.row;
        } else if (character >= 0x20) {
            go_to(at);
            use_attribute(attribute);
            put(character);
            if (++at.column == columns()) at = (struct position){.column = 0, .row = (u8)(at.row + 1)};
        }
    }
}

void video_mirror(struct frame* f) {
    switch (f->ah) {
    case 0x00:
        clear();
        go_to((struct position){0, 0});
        return;
    case 0x02: // a program that only places the cursor shows it at its next character
        has_moved = has_moved || f->dh != terminal.row || f->dl != terminal.column;
        return;
    case 0x06:
    case 0x07:
        scroll(f);
        return;
    case 0x09:
        repeat(f->al, f->bl, f->cx);
        return;
    case 0x0a:
        repeat(f->al, terminal_attribute, f->cx);
        return;
    case 0x0e:
        teletype(f->al);
        return;
    case 0x13:
        write_string(f);
        return;
    default:
        return;
    }
}

// ---- input ----

// After ESC [ or ESC O: the key's scan code.
static u16 key_of_letter(u8 letter) {
    static const u8 scan_codes[] = {0x48, 0x50, 0x4d, 0x4b, 0, 0x4f, 0, 0x47}; // A to H
    if (letter >= 'A' && letter <= 'H') return (u16)(scan_codes[letter - 'A'] << 8 | 0xe0);
    if (letter >= 'P' && letter <= 'S') return (u16)((0x3b + letter - 'P') << 8); // F1 to F4
    return 0;
}

// After ESC [ number ~.
static u16 key_of_number(u32 number) {
    static const u8 editing[] = {0x47, 0x52, 0x53, 0x4f, 0x49, 0x51, 0x47, 0x4f};
    static const u8 functions[] = {0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0, 0x85, 0x86};
    if (number >= 1 && number <= 8) return (u16)(editing[number - 1] << 8 | 0xe0);
    if (number >= 11 && number <= 24) return (u16)(functions[number - 11] << 8);
    return 0;
}

static enum { idle, after_escape, in_sequence } state;
static u32 sequence_number;
static u8 escape_age; // polls since an ESC

static void put_if(u16 key) {
    if (key != 0) put_key(key);
}

static u16 key_of_ascii(u8 character) {
    static const u8 letters[] = {0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x23, 0x17, 0x24, 0x25, 0x26, 0x32,
                                 0x31, 0x18, 0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c};
    static const char rows[] = "\x1b"
                               "1234567890-=\b\t";
    if (character == 0x7f) return 0x0e08;
    if (character == '\r' || character == '\n') return 0x1c0d;
    for (u8 i = 0; i < sizeof rows - 1; ++i)
        if (character == (u8)rows[i]) return (u16)((i + 1) << 8 | character);
    if (character == ' ') return 0x3920;
    const u8 letter = (character | 0x20) & 0x7f;
    if ((character >= 'A' && letter >= 'a' && letter <= 'z')) return (u16)(letters[letter - 'a'] << 8 | character);
    if (character >= 1 && character <= 26) return (u16)(letters[character - 1] << 8 | character);
    static const char rest[] = ";'`\\,./[]", codes[] = "\x27\x28\x29\x2b\x33\x34\x35\x1a\x1b";
    for (u8 i = 0; i < sizeof rest - 1; ++i)
        if (character == (u8)rest[i]) return (u16)(codes[i] << 8 | character);
    return (u16)(0x0200 | character);
}

static void take(u8 character) {
    switch (state) {
    case idle:
        if (character == 0x1b) {
            state = after_escape;
            escape_age = 0;
        } else {
            put_key(key_of_ascii(character));
        }
        return;
    case after_escape:
        sequence_number = 0;
        state = idle;
        if (character == '[' || character == 'O') {
            state = in_sequence;
        } else {
            put_key(0x011b);
            if (character == 0x1b)
                state = after_escape;
            else
                put_key(key_of_ascii(character));
        }
        return;
    case in_sequence:
        if (character >= '0' && character <= '9') {
            sequence_number = (sequence_number * 10 + character - '0') & 0xff;
            return;
        }
        state = idle;
        put_if(character == '~' ? key_of_number(sequence_number) : key_of_letter(character));
        return;
    }
}

void serial_console_poll(void) {
    if (shared.serial_port == 0) return;
    for (u32 i = 0; i < 16 && uart_has_input(shared.serial_port); ++i) take(uart_read(shared.serial_port));
    // A lone ESC is one that nothing has followed for two ticks.
    const u8 tick = (u8)peek32(bda_segment, bda_ticks);
    if (state != after_escape) return;
    if (escape_age == 0)
        escape_age = tick | 1;
    else if ((u8)(tick - escape_age) >= 3 && (u8)(tick - escape_age) < 0x80) {
        state = idle;
        put_key(0x011b);
    }
}
