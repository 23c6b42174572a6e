// A handler that returns to the instruction that raised: one instruction retires between two exceptions.
#include "tests/hostile/program.h"
    la t0, handler
    csrw mtvec, t0
    .word 0
    .balign 4
handler:
    mret
