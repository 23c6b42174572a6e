// A lock that isn't aligned.
// diagnosis: misaligned store or atomic access at 0x80200002
#include "doctor.h"
main:
    li a0, 0x80200002
    li a1, 1
    amoadd.w a2, a1, (a0)
1:  j 1b
