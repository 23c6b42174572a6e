// A jump to nowhere, with no handler anywhere: every fetch faults, and nothing retires any more.
#include "../program.h"
    csrw mtvec, zero
    jr zero
