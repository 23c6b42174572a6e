// The 16550 serial port, as plainly as it can be driven.
#pragma once

#include <stdint.h>

void console_open(uint64_t uart);
void say(const char* text);
void say_number(uint64_t value);
void say_hexadecimal(uint64_t value);
