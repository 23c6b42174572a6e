// Paging is switched on with a table that is empty: the next instruction is nowhere.
// diagnosis: satp \(0x80000000000801..\) is wrong: .*walk fails at level 2.*V is 0
// transfer: \(main\+.*\) -> 0x[0-9a-f]+ \(main\+.*\) \(return from exception\)
// transfer: \(main\+.*\) -> 0x[0-9a-f]+ \(handler\) \(exception: fetch page fault\)
#include "doctor.h"
main:
    TO_SUPERVISOR
    la t0, handler
    csrw stvec, t0
    li t0, (8 << 60) | (0x80100000 >> 12)
    csrw satp, t0
    sfence.vma
    li a0, 1
1:  j 1b
    .balign 4
handler:
    j handler
