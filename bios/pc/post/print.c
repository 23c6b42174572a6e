#include "bios/pc/post/print.h"

#include "bios/pc/post/real_mode.h"
#include "bios/pc/shared/uart.h"

static bool screen_is_ready;

void print_to_screen(void) { screen_is_ready = true; }

static void to_screen(char character) {
    if (!screen_is_ready) return;
    if (character == '\n') to_screen('\r');
    struct registers r = {.eax = 0x0e00 | (u8)character, .ebx = 0x0007};
    interrupt(0x10, &r);
}

static void put(char character, bool shown) {
    debug_character(character);
    if (shown) to_screen(character);
}

static void put_number(u64 number, u32 base, u32 width, char fill, bool shown) {
    char digits[24];
    u32 count = 0;
    // Long division by a small base: there is no run-time library for 64 bits here.
    do {
        u32 rest = 0;
        for (i32 part = 3; part >= 0; --part) {
            const u32 piece = rest << 16 | (u32)(number >> 16 * part & 0xffff);
            number = (number & ~((u64)0xffff << 16 * part)) | (u64)(piece / base) << 16 * part;
            rest = piece % base;
        }
        digits[count++] = "0123456789abcdef"[rest];
    } while (number != 0);
    for (u32 i = count; i < width; ++i) put(fill, shown);
    while (count-- != 0) put(digits[count], shown);
}

static void put_formatted(const char* format, va_list arguments, bool shown) {
    for (; *format != 0; ++format) {
        if (*format != '%') {
            put(*format, shown);
            continue;
        }
        char fill = ' ';
        u32 width = 0;
        u32 longs = 0;
        ++format;
        if (*format == '0') fill = '0';
        for (; *format >= '0' && *format <= '9'; ++format) width = width * 10 + (u32)(*format - '0');
        for (; *format == 'l'; ++format) ++longs;
        switch (*format) {
        case 's':
            for (const char* text = va_arg(arguments, const char*); *text != 0; ++text) put(*text, shown);
            break;
        case 'c':
            put((char)va_arg(arguments, int), shown);
            break;
        case 'd':
        case 'u':
        case 'x':
            put_number(longs == 2 ? va_arg(arguments, u64) : va_arg(arguments, u32), *format == 'x' ? 16 : 10, width,
                       fill, shown);
            break;
        case 0:
            return;
        default:
            put(*format, shown);
        }
    }
}

void print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_formatted(format, arguments, true);
    va_end(arguments);
}

void debug(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_formatted(format, arguments, false);
    va_end(arguments);
}
