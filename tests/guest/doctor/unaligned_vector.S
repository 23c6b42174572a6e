// The handler lies at an address that is no multiple of 4: the register doesn't take it.
// diagnosis: breakpoint at pc .*not aligned to 4 bytes
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    ebreak
    j main
    .balign 4
    .option rvc
    c.nop
handler:
    j handler
