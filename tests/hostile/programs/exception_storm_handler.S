// The handler's own first instruction is illegal.
#include "tests/hostile/program.h"
    la t0, handler
    csrw mtvec, t0
    ebreak
    .balign 4
handler:
    .word 0
