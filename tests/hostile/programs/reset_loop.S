// Resets the machine as soon as it runs.
#include "tests/hostile/program.h"
    END(RESTART)
