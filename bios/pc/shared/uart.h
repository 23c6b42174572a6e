// A 16550 by polling. No call waits longer than a character takes at 110 baud.
#pragma once

#include "bios/pc/shared/types.h"

void uart_set_up(u16 port);
bool uart_present(u16 port);
void uart_write(u16 port, char character);
bool uart_has_input(u16 port);
u8 uart_read(u16 port);

// Port 402h, where emulators show what firmware has to say.
void debug_character(char character);
