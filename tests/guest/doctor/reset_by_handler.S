// A handler that knows no better than to reset the machine, at a fault that comes again each time.
// diagnosis: keeps resetting the machine .* from pc 0x[0-9a-f]+ \(handler\+.*the exception before that was load access fault at 0x5000000, at pc 0x[0-9a-f]+ \(main\+
// transfer: \(main\+.*\) -> 0x[0-9a-f]+ \(handler\) \(exception: load access fault\)
// transfer: \(handler\+.*\) -> 0x1000 \(reset\)
// exit: 202
#include "doctor.h"
main:
    la t0, handler
    csrw mtvec, t0
    li a0, 0x5000000
    lw a1, 0(a0)
1:  j 1b
    .balign 4
handler:
    RESET
1:  j 1b
