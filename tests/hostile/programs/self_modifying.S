// Stores to code that runs next, for ever: every round makes two blocks stale.
#include "tests/hostile/program.h"
    la s0, patch
    li s1, 0x00000513            // addi a0, zero, 0
    li s2, 0x00100000
1:  sw s1, 0(s0)
    add s1, s1, s2
    fence.i
patch:
    addi a0, zero, 0
    j 1b
