// Nothing after the store that ends the machine is executed, in any mode.
// ends: 0
// expect: a0 = 0x7
#include "guest.h"
main:
    OPEN_MEMORY
    ENTER(USER)
    li a0, 7
    STORE_WORD(FINISHER, 0x5555)
    li a0, 8
    ecall
