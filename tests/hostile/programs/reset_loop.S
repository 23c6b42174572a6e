// Resets the machine as soon as it runs.
#include "../program.h"
    END(RESTART)
