// A CSR of another maker's; the handler returns without having gone past it.
// diagnosis: illegal access to CSR 0x7c0: this hart has no such register at pc .*main.*returns to the same instruction
// transfer: \(handler\+0x4\) -> 0x[0-9a-f]+ \(main\+.*\) \(return from exception\)
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li a0, 1
1:  csrw 0x7c0, a0
    j 1b
    .balign 4
handler:
    csrr t1, mcause
    mret
