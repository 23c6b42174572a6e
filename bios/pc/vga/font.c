// The fonts of 8, 14 and 16 rows, made from the half of one that the services hold at F000:FA6E. Letters with accents
// are a letter and an accent, line drawing is drawn, and what remains is shown by a sign that resembles it.
#include "bios/pc/vga/vga.h"

enum { font8_offset = 0xfa6e };

u8 font8[256 * 8];
u8 font14[256 * 14];
u8 font16[256 * 16];

// Code page 437 from 80h on: the letter, or what resembles the sign.
static const char letters_80[] = "CueaaaaceeeiiiAAEaAooouuyOUcLYPf"
                                 "aiounNao?--//!<>";
static const char letters_e0[] = "abGpEouyQOOdooen"
                                 "=+><||/~o..Vn2# ";
enum accent { none, acute, grave, circumflex, diaeresis, ring, tilde, cedilla };
static const u8 accents_80[] = {cedilla,    diaeresis, acute,     circumflex, diaeresis,  grave, ring,       cedilla,
                                circumflex, diaeresis, grave,     diaeresis,  circumflex, grave, diaeresis,  ring,
                                acute,      none,      none,      circumflex, diaeresis,  grave, circumflex, grave,
                                diaeresis,  diaeresis, diaeresis, none,       none,       none,  none,       none,
                                acute,      acute,     acute,     acute,      tilde,      tilde};
// The two rows above a small letter.
static const u8 accent_rows[][2] = {{0, 0},       {0x0c, 0x18}, {0x30, 0x18}, {0x18, 0x66},
                                    {0x66, 0x00}, {0x18, 0x18}, {0x32, 0x4c}, {0, 0}};

// Line drawing from B3h to DAh: up, right, down, left, two bits each: none, single, double.
enum { n = 0, s = 1, d = 2 };
#define LINES(up, right, down, left) (u8)((up) | (right) << 2 | (down) << 4 | (left) << 6)
static const u8 lines_b3[] = {
    LINES(s, n, s, n), LINES(s, n, s, s), LINES(s, n, s, d), LINES(d, n, d, s), LINES(n, n, d, s), LINES(n, n, s, d),
    LINES(d, n, d, d), LINES(d, n, d, n), LINES(n, n, d, d), LINES(d, n, n, d), LINES(d, n, n, s), LINES(s, n, n, d),
    LINES(n, n, s, s), LINES(s, s, n, n), LINES(s, s, n, s), LINES(n, s, s, s), LINES(s, s, s, n), LINES(n, s, n, s),
    LINES(s, s, s, s), LINES(s, d, s, n), LINES(d, s, d, n), LINES(d, d, n, n), LINES(n, d, d, n), LINES(d, d, n, d),
    LINES(n, d, d, d), LINES(d, d, d, n), LINES(n, d, n, d), LINES(d, d, d, d), LINES(s, d, n, d), LINES(d, s, n, s),
    LINES(n, d, s, d), LINES(n, s, d, s), LINES(d, s, n, n), LINES(s, d, n, n), LINES(n, d, s, n), LINES(n, s, d, n),
    LINES(d, s, d, s), LINES(s, d, s, d), LINES(s, n, n, s), LINES(n, s, s, n)};

static u8* glyph(u32 character) { return font8 + character * 8; }

static void make_letter(u32 character, char letter, enum accent accent) {
    u8* to = glyph(character);
    const u8* from = glyph((u8)letter);
    memcpy(to, from, 8);
    if (accent == none) return;
    if (accent == cedilla) {
        to[7] = 0x18;
        return;
    }
    if (letter >= 'A' && letter <= 'Z') // squeezed, for room above
        for (u32 row = 7; row > 1; --row) to[row] = from[row - 1];
    to[0] = accent_rows[accent][0];
    to[1] = accent_rows[accent][1];
}

static void draw_vertical(u8* to, u32 kind, u32 first, u32 last) {
    for (u32 row = first; row <= last && kind != n; ++row) to[row] |= kind == s ? 0x18 : 0x24;
}

static void draw_horizontal(u8* to, u32 kind, u8 columns) {
    if (kind == s) to[3] |= columns;
    if (kind == d) {
        to[2] |= columns;
        to[4] |= columns;
    }
}

static void make_lines(u32 character, u8 kinds) {
    u8* to = glyph(character);
    const u32 up = kinds & 3, right = kinds >> 2 & 3, down = kinds >> 4 & 3, left = kinds >> 6;
    const bool across_double = right == d || left == d;
    draw_vertical(to, up, 0, across_double ? 4 : 3);
    draw_vertical(to, down, across_double ? 2 : 3, 7);
    const bool along_double = up == d || down == d;
    draw_horizontal(to, right, along_double ? 0x3f : 0x1f);
    draw_horizontal(to, left, along_double ? 0xfc : 0xf8);
}

static void fill(u32 character, u8 even, u8 odd, u32 first, u32 last) {
    for (u32 row = first; row <= last; ++row) glyph(character)[row] = row & 1 ? odd : even;
}

static void stretch(void) {
    for (u32 character = 0; character < 256; ++character) {
        const u8* from = glyph(character);
        const bool touches = character >= 0xb0 && character <= 0xdf;
        // A letter gets air above and below, for which two of its rows are not doubled; what must meet its neighbours
        // fills its cell.
        for (u32 row = 0; row < 16; ++row) font16[character * 16 + row] = touches ? from[row / 2] : 0;
        for (u32 row = 0; row < 8 && !touches; ++row) {
            const u32 at = row * 2 - row / 3 + 1;
            font16[character * 16 + at] = from[row];
            font16[character * 16 + at + 1] = from[row];
        }
        for (u32 row = 0; row < 14; ++row) font14[character * 14 + row] = font16[character * 16 + row + 1];
    }
}

void fonts_make(void) {
    far_copy(VGA_SEGMENT, own_offset(font8), SERVICES_SEGMENT, font8_offset, 128 * 8);
    for (u32 i = 0; i < sizeof letters_80 - 1; ++i)
        make_letter(0x80 + i, letters_80[i], i < sizeof accents_80 ? (enum accent)accents_80[i] : none);
    fill(0xb0, 0x22, 0x88, 0, 7);
    fill(0xb1, 0x55, 0xaa, 0, 7);
    fill(0xb2, 0xdd, 0x77, 0, 7);
    for (u32 i = 0; i < sizeof lines_b3; ++i) make_lines(0xb3 + i, lines_b3[i]);
    fill(0xdb, 0xff, 0xff, 0, 7);
    fill(0xdc, 0xff, 0xff, 4, 7);
    fill(0xdd, 0xf0, 0xf0, 0, 7);
    fill(0xde, 0x0f, 0x0f, 0, 7);
    fill(0xdf, 0xff, 0xff, 0, 3);
    for (u32 i = 0; i < sizeof letters_e0 - 1; ++i) make_letter(0xe0 + i, letters_e0[i], none);
    fill(0xfe, 0x3c, 0x3c, 2, 5);
    stretch();
}
