// wfi ends with any interrupt that is pending and enabled in mie, whether or not it can be taken (3.3.3).
// expect: tp = 0x9
#include "guest.h"
main:
    OPEN_MEMORY
    // Pending before: it does not wait at all.
    csrwi mie, 1 << SSI
    csrwi mip, 1 << SSI
    wfi
    csrwi mip, 0
    // Interrupts masked by MIE: it goes on with the next instruction, no trap.
    li t0, 1 << MTI
    csrw mie, t0
    li s2, -1
    li t0, CLINT
    li t1, 0xbff8
    add t1, t0, t1
    ld t2, 0(t1)
    addi a0, t2, 1000
    li t1, 0x4000
    add t1, t0, t1
    sd a0, 0(t1)
    wfi
    csrr a1, mip
    andi a1, a1, 1 << MTI
    CHECK(a1, 1 << MTI)
    CHECK(s2, -1)
    rdtime a2
    CHECK_RANGE(a2, 1000, 100000000)
    bltu a2, a0, untrapped
    // Interrupts enabled: the trap's mepc is the instruction after it.
    ld t2, 0(t1)
    rdtime t2
    addi t2, t2, 1000
    sd t2, 0(t1)
    la s1, 1f
    csrsi mstatus, MSTATUS_MIE
    wfi
0:  nop
    j untrapped
1:  CHECK(s2, INTERRUPT(MTI))
    CHECK_ADDRESS(s4, 0b)
    CHECK(s3, 0)
    // A pending interrupt that is delegated to a lower mode wakes as well.
    csrw mie, zero
    csrwi mideleg, 1 << SSI
    csrwi mie, 1 << SSI
    csrwi mip, 1 << SSI
    wfi
    csrwi mip, 0
    // In supervisor mode it is allowed, but not under TW, when it has to wait.
    csrwi mip, 1 << SSI
    ENTER(SUPERVISOR)
    wfi
    csrci sip, 1 << SSI
    BACK
    CHECK(s2, CAUSE_ECALL_SUPERVISOR)
    li t0, MSTATUS_TW
    csrs mstatus, t0
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, wfi)
    // Machine mode has no such limit.
    csrwi mip, 1 << SSI
    wfi
    j pass
