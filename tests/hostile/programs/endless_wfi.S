// Waits for an interrupt that never comes.
#include "../program.h"
    csrw mie, zero
1:  wfi
    j 1b
