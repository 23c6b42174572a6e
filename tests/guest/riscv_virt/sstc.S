// Sstc: supervisor mode's own timer compares time with stimecmp.
// expect: tp = 0xd
#include "guest.h"
#define STCE (1 << 63)
main:
    OPEN_MEMORY
    // Without menvcfg.STCE it is machine mode's only, and STIP is a bit that machine mode writes.
    csrw menvcfg, zero
    csrwi mcounteren, 2
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrr t0, stimecmp)
    csrw stimecmp, zero
    csrr a0, mip
    andi a0, a0, 1 << STI
    CHECK(a0, 0)
    li t0, 1 << STI
    csrs mip, t0
    csrr a0, mip
    andi a0, a0, 1 << STI
    CHECK(a0, 1 << STI)
    csrc mip, t0
    // With it, STIP is the comparison, and can't be written.
    li t0, -1
    csrw stimecmp, t0
    li t0, STCE
    csrs menvcfg, t0
    li t0, 1 << STI
    csrs mip, t0
    csrr a0, mip
    andi a0, a0, 1 << STI
    CHECK(a0, 0)
    csrw stimecmp, zero
    csrr a0, mip
    andi a0, a0, 1 << STI
    CHECK(a0, 1 << STI)
    csrc mip, t0
    csrr a0, mip
    andi a0, a0, 1 << STI
    CHECK(a0, 1 << STI)
    // mcounteren.TM guards it too.
    csrw mcounteren, zero
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrw stimecmp, zero)
    csrwi mcounteren, 2
    // It interrupts supervisor mode in wfi, at its time and not before.
    li t0, 1 << STI
    csrw mideleg, t0
    csrw mie, t0
    li t0, -1
    csrw stimecmp, t0
    la s10, 1f
    li s6, 0
    ENTER(SUPERVISOR)
    rdtime a1
    addi a1, a1, 500
    csrw stimecmp, a1
    csrsi sstatus, MSTATUS_SIE
2:  wfi
    j 2b
1:  CHECK(s6, INTERRUPT(STI))
    rdtime a2
    bltu a2, a1, untrapped
    // While it runs as well.
    addi a1, a2, 500
    csrw stimecmp, a1
    la s10, 1f
    csrsi sstatus, MSTATUS_SIE
2:  addi s11, s11, 1
    j 2b
1:  CHECK(s6, INTERRUPT(STI))
    rdtime a2
    bltu a2, a1, untrapped
    // A time far away takes it back.
    li t0, -1
    csrw stimecmp, t0
    CHECK_CSR(sip, 0)
    // The comparison is unsigned.
    li t0, 1 << 63
    csrw stimecmp, t0
    CHECK_CSR(sip, 0)
    j pass
