// Two mistakes, and a handler that takes each for the other's end.
// diagnosis: (load access fault at 0x5000000.*returns to illegal instruction at pc .*second\)|illegal instruction.*second\); its handler .* returns to load access fault at pc .*first\)), whose handler returns to the first
// transfer: \(handler\+.*\) -> 0x[0-9a-f]+ \(second\) \(return from exception\)
// transfer: \(second\) -> 0x[0-9a-f]+ \(handler\) \(exception: illegal instruction\)
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li a0, 0x5000000
first:
    lw a1, 0(a0)
    nop
second:
    .word 0
    nop
    .balign 4
handler:
    csrr t0, mcause
    la t1, first
    la t2, second
    li t3, 5
    beq t0, t3, 1f
    csrw mepc, t1
    mret
1:  csrw mepc, t2
    mret
