// A kernel that was written for machine mode runs in supervisor mode.
// diagnosis: illegal access to CSR 0x300, mstatus, which supervisor mode may not touch
#include "doctor.h"
main:
    TO_SUPERVISOR
    la t0, handler
    csrw stvec, t0
    csrsi mstatus, 8
1:  j 1b
    .balign 4
handler:
    csrr t1, scause
    sret
