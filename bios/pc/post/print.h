// What POST says: on the screen (and with it the serial console), and more of it on the debug console.
#pragma once

#include "bios/pc/shared/types.h"

// %s, %c, %d, %u, %x with a width and leading zeros, %llx and %llu.
__attribute__((format(printf, 1, 2))) void print(const char* format, ...);
__attribute__((format(printf, 1, 2))) void debug(const char* format, ...);
// From then on print() goes to int 10h.
void print_to_screen(void);
