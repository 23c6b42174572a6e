// cbo.zero clears the 64 bytes around its address, faults like a store, and obeys menvcfg and senvcfg (CMO 2.8).
// expect: tp = 0x16
#include "guest.h"
main:
    OPEN_MEMORY
    li s0, PAGE(0)
    li t0, -1
    li t1, 32
    mv t2, s0
1:  sd t0, 0(t2)
    addi t2, t2, 8
    addi t1, t1, -1
    bnez t1, 1b
    addi t2, s0, 64 + 13
    cbo.zero (t2)
    ld a0, 56(s0)
    CHECK(a0, -1)
    ld a0, 64(s0)
    CHECK(a0, 0)
    ld a0, 88(s0)
    CHECK(a0, 0)
    ld a0, 120(s0)
    CHECK(a0, 0)
    ld a0, 128(s0)
    CHECK(a0, -1)
    // cbo.clean, flush and inval change nothing that can be seen; prefetches never fault.
    cbo.clean (s0)
    cbo.flush (s0)
    ld a0, 0(s0)
    CHECK(a0, -1)
    prefetch.r 0(zero)
    prefetch.w 32(zero)
    prefetch.i 64(zero)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, 0, cbo.zero (zero))
    TRAPS(CAUSE_STORE_ACCESS, cbo.clean (zero))
    csrw menvcfg, zero
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_ILLEGAL, cbo.zero (s0))
    li t0, 1 << 7
    csrs menvcfg, t0
    csrw senvcfg, zero
    ENTER(SUPERVISOR)
    cbo.zero (s0)
    TRAPS(CAUSE_ILLEGAL, cbo.clean (s0))
    ENTER(USER)
    TRAPS(CAUSE_ILLEGAL, cbo.zero (s0))
    li t0, 1 << 7
    csrs senvcfg, t0
    ENTER(USER)
    cbo.zero (s0)
    BACK
    CHECK(s2, CAUSE_ECALL_USER)
    ld a0, 0(s0)
    CHECK(a0, 0)
    li t0, (1 << 6) | (3 << 4)
    csrs menvcfg, t0
    csrs senvcfg, t0
    ENTER(USER)
    cbo.clean (s0)
    cbo.flush (s0)
    cbo.inval (s0)
    BACK
    CHECK(s2, CAUSE_ECALL_USER)
    // Under paging it is a store: of a page that can only be read it is a store page fault.
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 0, PTE(PAGE(0), V | R | A))
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    li a1, 0x200000000
    ENTER(SUPERVISOR)
    cbo.clean (a1)
    TRAPS(CAUSE_STORE_PAGE, cbo.zero (a1))
    j pass
