// Waits for the timer, but has forgotten to enable its interrupt.
// diagnosis: waits for an interrupt .*all interrupts masked: mie is 0
#include "doctor.h"
main:
    li t0, CLINT + 0x4000
    li t1, 100000
    sd t1, 0(t0)
    csrsi mstatus, 8
1:  wfi
    j 1b
