// The end of many a panic: a jump to itself with interrupts off.
// diagnosis: jumps to itself at pc 0x[0-9a-f]+ \(panic\) with interrupts off: mie is 0x80
// transfer: \(panic\) -> 0x[0-9a-f]+ \(panic\) \(jump\)
#include "doctor.h"
main:
    li t0, 1 << 7
    csrw mie, t0
    csrci mstatus, 8
panic:
    j panic
