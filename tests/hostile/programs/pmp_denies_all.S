// Physical memory protection lets user mode at nothing, and then, locked, machine mode at nothing either.
#include "tests/hostile/program.h"
    la t0, handler
    csrw mtvec, t0
    li s0, 1000
    la t0, 1f
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    mret                         // to user mode
1:  j 1b
    .balign 4
handler:
    addi s0, s0, -1
    beqz s0, 2f
    mret
2:  li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x98                  // locked, all addresses, no permission
    csrw pmpcfg0, t0
    j handler
