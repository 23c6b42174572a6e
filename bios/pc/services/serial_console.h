// The console on a serial line: what int 10h writes goes out as ANSI text, what comes in becomes keys.
#pragma once

#include "bios/pc/services/services.h"

void serial_console_poll(void);
