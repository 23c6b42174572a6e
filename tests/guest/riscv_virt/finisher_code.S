// The test finisher ends the machine with the code it is given; a value that is no verdict does nothing.
// ends: 42
// expect: a0 = 0x1
#include "guest.h"
main:
    STORE_WORD(FINISHER, 0x1234)
    li a0, 1
    STORE_WORD(FINISHER, 0x3333 | (42 << 16))
    li a0, 2
1:  j 1b
