// mret and sret: privilege, interrupt enables, MPP and SPP afterwards, MPRV, TSR and TVM (3.1.6, 3.3.2).
// expect: tp = 0x11
#include "guest.h"
#define STATUS_MASK (MSTATUS_SIE | MSTATUS_MIE | MSTATUS_SPIE | MSTATUS_MPIE | MSTATUS_SPP | MSTATUS_MPP | MSTATUS_MPRV)
main:
    OPEN_MEMORY
    // mret to machine mode: MIE from MPIE, MPIE 1, MPP the least privileged mode, MPRV kept.
    li t0, STATUS_MASK
    csrc mstatus, t0
    li t0, MSTATUS_MPP | MSTATUS_MIE | MSTATUS_MPRV
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
1:  csrr a0, mstatus
    li t0, STATUS_MASK
    and a0, a0, t0
    CHECK(a0, MSTATUS_MPIE | MSTATUS_MPRV)
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    // To a lower mode: MPRV goes.
    li t0, MSTATUS_MPRV | (SUPERVISOR << 11)
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
1:  la s1, 1f
    ecall
1:  li t0, STATUS_MASK
    and a0, s5, t0
    CHECK(a0, MSTATUS_MPIE | (SUPERVISOR << 11))
    // sret to supervisor mode, from machine mode.
    li t0, STATUS_MASK
    csrc mstatus, t0
    li t0, MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_MPRV
    csrs mstatus, t0
    la t0, 1f
    csrw sepc, t0
    sret
1:  csrr a0, sstatus
    li t0, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP
    and a0, a0, t0
    CHECK(a0, MSTATUS_SIE | MSTATUS_SPIE)
    // And on to user mode.
    csrci sstatus, MSTATUS_SIE
    la t0, 1f
    csrw sepc, t0
    sret
1:  la s1, 1f
    ecall
1:  CHECK(s2, CAUSE_ECALL_USER)
    li t0, STATUS_MASK
    and a0, s5, t0
    CHECK(a0, MSTATUS_SIE | MSTATUS_SPIE)
    // TSR and TVM forbid supervisor mode sret, sfence.vma and satp; the instructions have no effect then.
    li t0, MSTATUS_TSR | MSTATUS_TVM
    csrs mstatus, t0
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, sret)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, sfence.vma zero, zero)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, sinval.vma zero, zero)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrr t0, satp)
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, csrw satp, zero)
    sfence.vma
    // MPP can't hold 2. What it holds instead is free, but a mode that exists.
    li t0, MSTATUS_MPP
    csrs mstatus, t0
    li t1, 1 << 11
    csrc mstatus, t1
    csrr a0, mstatus
    and a0, a0, t0
    li t1, 2 << 11
    beq a0, t1, untrapped
    // xepc's bit 0 is always 0.
    li t0, -1
    csrw mepc, t0
    CHECK_CSR(mepc, -2)
    csrw sepc, t0
    CHECK_CSR(sepc, -2)
    j pass
