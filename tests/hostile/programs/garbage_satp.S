// Supervisor mode with page tables where there is no memory, and all exceptions delegated to a handler behind them.
#include "tests/hostile/program.h"
    OPEN_MEMORY
    li t0, -1
    csrw medeleg, t0
    li t0, 0x123456789abc
    csrw stvec, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    li t0, (8 << 60) | 0xfedcba98765
    csrw satp, t0
    mret
1:  j 1b
