// A driver looks for a device where there is none, and nobody has set mtvec yet.
// diagnosis: load access fault at 0x5000000, .*nothing answers.*mtvec was never set
#include "doctor.h"
main:
    li a0, 0x5000000
    lw a1, 0(a0)
    j main
