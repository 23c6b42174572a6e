// What puts keys into int 16h's buffer.
#pragma once

#include "bios/pc/services/services.h"

// ASCII in the lower byte, scan code in the upper. False: the buffer is full.
bool put_key(u16 key);
