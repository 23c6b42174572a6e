// MPRV: loads and stores, not fetches, as in the mode that MPP names (3.1.6.3).
// expect: tp = 0x18
#include "guest.h"
#define VIRTUAL 0x200001000
#define AS(mode) li t0, MSTATUS_MPP | MSTATUS_MPRV; csrc mstatus, t0; li t0, ((mode) << 11) | MSTATUS_MPRV; csrs mstatus, t0
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), V | R | W | A | D))
    STORE_DOUBLE(PAGE(1), 0x11)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    li s0, VIRTUAL
    AS(SUPERVISOR)
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    // A trap changes MPP to machine mode: from there MPRV means nothing.
    TRAPS_VALUE(CAUSE_ECALL_MACHINE, 0, ecall)
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, VIRTUAL, ld a0, 0(s0))
    AS(USER)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL, ld a0, 0(s0))
    AS(USER)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL, amoswap.d a0, a0, (s0))
    AS(SUPERVISOR)
    sd s0, 8(s0)
    AS(MACHINE)
    LOAD_DOUBLE(a0, PAGE(1) + 8)
    CHECK(a0, VIRTUAL)
    // The mode of paging that is meant is supervisor mode's, with SUM and MXR.
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), V | X | U | A | D))
    sfence.vma
    li t1, MSTATUS_SUM
    li t2, MSTATUS_MXR
    AS(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL, ld a0, 0(s0))
    csrs mstatus, t1
    AS(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL, ld a0, 0(s0))
    csrs mstatus, t2
    AS(SUPERVISOR)
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    // Without MPRV it is machine mode again.
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, VIRTUAL, ld a0, 0(s0))
    j pass
