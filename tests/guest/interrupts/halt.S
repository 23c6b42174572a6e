// A second and a half in a halt, which the timer ends; then one that nothing ends.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
main:
    SET_UP_APICS
    GATE 0x20, tick
    APIC_WRITE 0x3e0, 0xb
    APIC_WRITE 0x320, 0x20
    APIC_WRITE 0x380, 1500000000
    SLEEP_UNTIL tick_count, 1
    TELL "woken", tick_count
    cli
    hlt
    COUNTER tick
