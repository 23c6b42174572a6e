#include "console.h"

enum { TRANSMIT = 0, LINE_STATUS = 5, TRANSMITTER_EMPTY = 0x20 };

static volatile uint8_t* port;

void console_open(uint64_t uart) { port = (volatile uint8_t*)uart; }

static void put(char character) {
    if (character == '\n') put('\r');
    while ((port[LINE_STATUS] & TRANSMITTER_EMPTY) == 0) continue;
    port[TRANSMIT] = (uint8_t)character;
}

void say(const char* text) {
    for (; *text != 0; ++text) put(*text);
}

static void say_digits(uint64_t value, uint64_t base) {
    if (value >= base) say_digits(value / base, base);
    put("0123456789abcdef"[value % base]);
}

void say_number(uint64_t value) { say_digits(value, 10); }

void say_hexadecimal(uint64_t value) {
    say("0x");
    say_digits(value, 16);
}
