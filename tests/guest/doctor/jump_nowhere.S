// A call through a function pointer that was never set right.
// diagnosis: jump to nowhere, fetch access fault at pc 0xdead0000.*\(ra 0x[0-9a-f]+ \(main\+.*nothing answers
// transfer: \(main\+0x12\) -> 0xdead0000 \(call\)
// transfer: 1x  0xdead0000 -> 0x[0-9a-f]+ \(handler\) \(exception: fetch access fault\)
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li t0, 0xdead0000
    jalr t0
1:  j 1b
    .balign 4
handler:
    mret
