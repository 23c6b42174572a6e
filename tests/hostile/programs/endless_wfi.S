// Waits for an interrupt that never comes.
#include "tests/hostile/program.h"
    csrw mie, zero
1:  wfi
    j 1b
