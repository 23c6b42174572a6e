// The stack runs out of memory, and the handler needs the same stack.
// diagnosis: stack pointer \(0x[0-9a-f]+\) leads out of memory: store access fault.*handler \(at .*handler\)\) doesn't return
// transfer: 1x  0x[0-9a-f]+ \(main\+.*\) -> 0x[0-9a-f]+ \(handler\) \(exception: store access fault\)
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li sp, 0x1f000000
    addi sp, sp, -64
    sd ra, 0(sp)
1:  j 1b
    .balign 4
handler:
    addi sp, sp, -256
    sd ra, 0(sp)
    sd t0, 8(sp)
    ld ra, 0(sp)
    addi sp, sp, 256
    mret
