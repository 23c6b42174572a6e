// The SiFive test finisher: how the machine ends.
#pragma once

#include "types.h"

enum failure {
    FAILURE_GUEST = 1,      // a guest asked for a shutdown because of a system failure
    FAILURE_PLATFORM = 101, // the firmware cannot run on what the device tree describes
    FAILURE_TRAP = 102,     // an exception within the firmware
};

_Noreturn void finisher_power_off(void);
_Noreturn void finisher_restart(void);
_Noreturn void finisher_fail(enum failure code);
