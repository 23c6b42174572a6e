// Timer interrupts are enabled but the comparator is at the end of time.
#include "tests/hostile/program.h"
    li t0, 0x2004000
    li t1, -1
    sd t1, 0(t0)
    li t0, 0x80
    csrw mie, t0
1:  wfi
    j 1b
