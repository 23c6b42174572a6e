// Waits for the timer, which nobody has set.
// diagnosis: timer interrupt that it waits for never comes: no timer is set
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li t0, 1 << 7
    csrw mie, t0
    csrsi mstatus, 8
1:  wfi
    j 1b
    .balign 4
handler:
    mret
