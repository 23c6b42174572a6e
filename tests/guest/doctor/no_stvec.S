// The kernel makes a mistake before it has set stvec, though firmware delegates everything.
// diagnosis: store access fault at 0x4000000.*stvec was never set
#include "doctor.h"
main:
    la t0, firmware_handler
    csrw mtvec, t0
    TO_SUPERVISOR
    li a0, 0x4000000
    sd zero, 0(a0)
    j main
    .balign 4
firmware_handler:
    j firmware_handler
