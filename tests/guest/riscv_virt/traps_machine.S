// Exceptions in machine mode: mcause, mtval and mepc of each (Privileged manual 3.1.14 to 3.1.16).
// expect: tp = 0x35
#include "guest.h"
main:
    // The bits of an illegal instruction stand in mtval, of a compressed one 16.
    TRAPS_VALUE(CAUSE_ILLEGAL, 0xffffffff, .word 0xffffffff)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0, .half 0)
    TRAPS_VALUE(CAUSE_ILLEGAL, 0x2001, .half 0x2001) // c.addiw without a destination is reserved
    TRAPS(CAUSE_ILLEGAL, csrw cycle, t0)           // read-only
    TRAPS(CAUSE_ILLEGAL, csrr t0, 0x5c0)           // none has this number
    TRAPS(CAUSE_ILLEGAL, csrr t0, 0x3a1)           // on RV64 there is no pmpcfg1
    TRAPS(CAUSE_BREAKPOINT, ebreak)
    TRAPS(CAUSE_BREAKPOINT, .option push; .option norvc; ebreak; .option pop)
    TRAPS_VALUE(CAUSE_ECALL_MACHINE, 0, ecall)

    // Nothing answers at 0x50, and nothing behind the end of RAM.
    li a0, 0x50
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x50, lb t0, 0(a0))
    TRAPS_VALUE(CAUSE_STORE_ACCESS, 0x58, sd t0, 8(a0))
    li a1, 0x800000000
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x800000008, ld t0, 8(a1))
    TRAPS_VALUE(CAUSE_STORE_ACCESS, 0x800000000, amoadd.w t0, t0, (a1))
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x800000000, lr.w t0, (a1))
    // A wild jump faults at its target, with its return address written.
    la s1, 1f
    li ra, 0
    jalr ra, 0(a0)
0:  j untrapped
1:  CHECK(s2, CAUSE_FETCH_ACCESS)
    CHECK(s3, 0x50)
    CHECK(s4, 0x50)
    CHECK_ADDRESS(ra, 0b)
    // A load into x0 faults as well.
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x50, lw zero, 0(a0))
    // The destination of a load that faults is unchanged, also if it is the base.
    TRAPS(CAUSE_LOAD_ACCESS, ld a0, 0(a0))
    CHECK(a0, 0x50)

    // A trap from machine mode saves MIE in MPIE, clears it, and says where it came from.
    csrsi mstatus, MSTATUS_MIE
    TRAPS(CAUSE_ECALL_MACHINE, ecall)
    li t0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP
    and a2, s5, t0
    CHECK(a2, MSTATUS_MPIE | MSTATUS_MPP)
    TRAPS(CAUSE_ECALL_MACHINE, ecall)
    li t0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP
    and a2, s5, t0
    CHECK(a2, MSTATUS_MPP)
    j pass
