// The stack lies in the boot ROM: the return address that a function keeps there is lost.
// diagnosis: stack pointer \(0x17f.\) lies in ROM 'boot
// recorded: \(main\+.*\) -> 0x[0-9a-f]+ \(function\) \(call\)
// transfer: \(function\+.*\) -> 0x0 \(return\)
#include "doctor.h"
main:
    li sp, 0x1800
    call function
1:  j 1b
function:
    addi sp, sp, -16
    sd ra, 0(sp)
    li ra, 0
    ld ra, 0(sp)
    ret
