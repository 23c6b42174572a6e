// SUM lets supervisor mode use user pages, but never run them; MXR lets everyone read what may be executed (3.1.6.3).
// expect: tp = 0x1a
#include "guest.h"
#define USER_PAGE 0x40001000
#define CODE_PAGE 0x40002000
#define USER_CODE_PAGE 0x40003000
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 1, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), V | R | W | X | U | A | D))
    SET_PTE(TABLE(2), 2, PTE(PAGE(2), V | X | A | D))
    SET_PTE(TABLE(2), 3, PTE(PAGE(3), V | X | U | A | D))
    STORE_DOUBLE(PAGE(1), 0x11)
    STORE_DOUBLE(PAGE(2), 0x22)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    li s0, USER_PAGE
    li a2, CODE_PAGE
    li a3, USER_CODE_PAGE
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, USER_PAGE, ld a0, 0(s0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_PAGE, USER_PAGE, sd a0, 0(s0))
    ENTER(SUPERVISOR)
    li t0, MSTATUS_SUM
    csrs sstatus, t0
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    sd s0, 8(s0)
    // At once without it again.
    li t0, MSTATUS_SUM
    csrc sstatus, t0
    TRAPS_VALUE(CAUSE_LOAD_PAGE, USER_PAGE, ld a0, 0(s0))
    ENTER(SUPERVISOR)
    li t0, MSTATUS_SUM
    csrs sstatus, t0
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, USER_PAGE)
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, CODE_PAGE, ld a0, 0(a2))
    ENTER(SUPERVISOR)
    li t0, MSTATUS_MXR
    csrs sstatus, t0
    ld a0, 0(a2)
    CHECK(a0, 0x22)
    TRAPS_VALUE(CAUSE_STORE_PAGE, CODE_PAGE, sd a0, 0(a2))  // it is for reading only
    ENTER(SUPERVISOR)
    ld a0, 0(a3)                                            // MXR and SUM
    CHECK(a0, 0)
    li t0, MSTATUS_SUM
    csrc sstatus, t0
    TRAPS_VALUE(CAUSE_LOAD_PAGE, USER_CODE_PAGE, ld a0, 0(a3))
    ENTER(SUPERVISOR)
    li t0, MSTATUS_MXR
    csrc sstatus, t0
    TRAPS_VALUE(CAUSE_LOAD_PAGE, CODE_PAGE, ld a0, 0(a2))
    j pass
