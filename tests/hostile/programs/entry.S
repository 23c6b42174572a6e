// Where programs written in C begin: a stack below the memory that they may lose, and the end.
#include "tests/hostile/program.h"
    SKIP_TRAPS
    csrw mie, zero
    li sp, 0x80100000
    call run
    END(PASS)
    SKIP_HANDLER
