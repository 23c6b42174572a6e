// An access of which only a part matches a PMP entry fails, whatever the entry and the next one allow (3.7.1.2).
// expect: tp = 0x4
#include "guest.h"
#define DATA PAGE(0)
#define CONFIGURATION(value) li t5, value; csrw pmpcfg0, t5
#define RULE(address, configuration) \
    li t5, address; csrw pmpaddr0, t5; CONFIGURATION(0x1f00 | (configuration)); ENTER(SUPERVISOR)
main:
    li t0, -1
    csrw pmpaddr1, t0
    li s0, DATA
    RULE((DATA + 8) >> 2, 0x10)
    TRAPS(CAUSE_LOAD_ACCESS, lw a0, 6(s0))
    // Also where only a part of the access matches an entry that would allow it.
    li t0, -1
    csrw pmpaddr2, t0
    li t0, (DATA + 8) >> 2
    csrw pmpaddr1, t0
    CONFIGURATION(0x1f1700)
    ENTER(SUPERVISOR)
    lw a0, 8(s0)
    TRAPS(CAUSE_LOAD_ACCESS, ld a0, 8(s0))
    li t0, -1
    csrw pmpaddr1, t0
    j pass
