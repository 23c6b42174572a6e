// What user and supervisor mode may not do, and their environment calls, all taken in machine mode.
// expect: tp = 0x2b
#include "guest.h"
main:
    OPEN_MEMORY
    ENTER(USER)
    TRAPS_VALUE(CAUSE_ECALL_USER, 0, ecall)
    li t0, MSTATUS_MPP
    and a0, s5, t0
    CHECK(a0, 0)
    ENTER(USER)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x30200073, mret)
    ENTER(USER)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x10200073, sret)
    ENTER(USER)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x10500073, wfi)
    ENTER(USER)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x12000073, sfence.vma)
    ENTER(USER)
    TRAPS(CAUSE_ILLEGAL, csrr t0, sstatus)
    ENTER(USER)
    TRAPS(CAUSE_ILLEGAL, csrr t0, mstatus)
    ENTER(USER)
    TRAPS(CAUSE_ILLEGAL, csrw mscratch, zero)
    ENTER(USER)
    TRAPS(CAUSE_ILLEGAL, csrr t0, cycle)
    ENTER(USER)
    TRAPS(CAUSE_BREAKPOINT, ebreak)

    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_ECALL_SUPERVISOR, 0, ecall)
    li t0, MSTATUS_MPP
    and a0, s5, t0
    CHECK(a0, SUPERVISOR << 11)
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x30200073, mret)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrr t0, mhartid)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrr t0, pmpcfg0)
    ENTER(SUPERVISOR)
    csrr a1, sstatus                    // its own are allowed
    li a0, 0x50
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x50, ld t0, 0(a0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, 0x50, sb t0, 0(a0))
    j pass
