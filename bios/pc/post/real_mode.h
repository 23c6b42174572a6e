// Calls from POST into real mode: interrupts, and far addresses that end as an interrupt does.
#pragma once

#include "bios/pc/shared/layout.h"

enum { flag_carry = 1, flag_zero = 0x40, flag_interrupts = 0x200 };

void interrupt(u8 vector, struct registers* r);
void far_call(u16 segment, u16 offset, struct registers* r);
// One of the services that have no vector.
void call_service(enum service service, struct registers* r);
// Rests until there was an interrupt; the timer's comes 18 times a second.
void await_interrupt(void);
