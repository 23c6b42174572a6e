// medeleg sends exceptions of lower modes to supervisor mode, never those of machine mode (3.1.8, 4.1).
// expect: tp = 0x19
#include "guest.h"
main:
    OPEN_MEMORY
    // An ecall from machine mode can't be delegated.
    li t0, -1
    csrw medeleg, t0
    csrr a0, medeleg
    srli a0, a0, 11
    andi a0, a0, 1
    CHECK(a0, 0)
    li t0, (1 << CAUSE_ILLEGAL) | (1 << CAUSE_ECALL_USER) | (1 << CAUSE_LOAD_ACCESS)
    csrw medeleg, t0
    CHECK_CSR(medeleg, (1 << CAUSE_ILLEGAL) | (1 << CAUSE_ECALL_USER) | (1 << CAUSE_LOAD_ACCESS))
    TRAPS(CAUSE_ILLEGAL, .word 0xffffffff)

    // From user mode: SPP is 0, SIE moves to SPIE.
    csrsi sstatus, MSTATUS_SIE
    csrwi mcause, 31
    ENTER(USER)
    TRAPS_TO_SUPERVISOR(CAUSE_ECALL_USER, ecall)
    li t0, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP
    and a0, s9, t0
    CHECK(a0, MSTATUS_SPIE)
    // From supervisor mode itself: SPP is 1, SPIE the SIE that is 0 now.
    TRAPS_TO_SUPERVISOR(CAUSE_ILLEGAL, .word 0xffffffff)
    CHECK(s7, 0xffffffff)
    li t0, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP
    and a0, s9, t0
    CHECK(a0, MSTATUS_SPP)
    li a1, 0x50
    TRAPS_TO_SUPERVISOR(CAUSE_LOAD_ACCESS, lw t0, 0(a1))
    CHECK(s7, 0x50)
    // What isn't delegated goes on to machine mode, and leaves scause alone.
    TRAPS(CAUSE_STORE_ACCESS, sw t0, 0(a1))
    CHECK_CSR(scause, CAUSE_LOAD_ACCESS)
    CHECK_CSR(mcause, CAUSE_STORE_ACCESS)

    // Delegated interrupts: supervisor mode takes them with SIE, user mode always, machine mode never.
    li t0, -1
    csrw mideleg, t0
    csrr a0, mideleg
    li t0, (1 << MSI) | (1 << MTI) | (1 << MEI)
    and a0, a0, t0
    CHECK(a0, 0)
    csrsi mie, 1 << SSI
    csrsi mip, 1 << SSI
    csrsi mstatus, MSTATUS_MIE
    nop
    csrci mstatus, MSTATUS_MIE
    csrci sstatus, MSTATUS_SIE
    ENTER(SUPERVISOR)
    nop
    li s6, 0
    la s10, 2f
    csrsi sstatus, MSTATUS_SIE
    nop
    j untrapped
2:  CHECK(s6, INTERRUPT(SSI))
    CHECK(s7, 0)
    CHECK_CSR(sip, 1 << SSI)
    csrci sip, 1 << SSI
    CHECK_CSR(sip, 0)
    BACK
    CHECK(s2, CAUSE_ECALL_SUPERVISOR)
    csrsi mip, 1 << SSI
    csrci sstatus, MSTATUS_SIE
    la s10, 3f
    li s6, 0
    ENTER(USER)
    j untrapped
3:  CHECK(s6, INTERRUPT(SSI))
    j pass
