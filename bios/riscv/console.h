// The 16550 the device tree names, polled. Without one, output vanishes and input is empty.
#pragma once

#include "types.h"

void console_initialise(void);
bool console_exists(void);
// One text at a time: harts wait for each other.
void console_write(const char* text, u64 size);
i32 console_read_byte(void); // -1 if none waits

// Pieces of a message of the firmware itself, without the lock, so that a fault message always comes out.
void print(const char* text);
void print_hex(u64 value);
void print_decimal(u64 value);
