// A jump to nowhere, with no handler anywhere: every fetch faults, and nothing retires any more.
#include "tests/hostile/program.h"
    csrw mtvec, zero
    jr zero
