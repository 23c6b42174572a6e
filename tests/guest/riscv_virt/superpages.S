// Pages of 2 MiB, 1 GiB and, by Svnapot, 64 KiB (4.4.1, Svnapot).
// expect: tp = 0x13
#include "guest.h"
#define ALL V | R | W | X | A | D
#define NAPOT (1 << 63)
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 1, PTE(TABLE(1), V))
    SET_PTE(TABLE(0), 3, PTE(0x80200000, ALL))      // a gigapage at no multiple of 1 GiB
    SET_PTE(TABLE(0), 4, PTE(0x80000000, ALL))
    SET_PTE(TABLE(1), 0, PTE(0x80200000, ALL))
    SET_PTE(TABLE(1), 1, PTE(0x80201000, ALL))      // a megapage at no multiple of 2 MiB
    SET_PTE(TABLE(1), 2, PTE(TABLE(2), V))
    STORE_DOUBLE(0x80200000, 0x11)
    STORE_DOUBLE(0x803ffff8, 0x22)
    STORE_DOUBLE(0x80210000, 0x33)
    STORE_DOUBLE(0x8021fff8, 0x44)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    ENTER(SUPERVISOR)
    LOAD_DOUBLE(a0, 0x40000000)
    CHECK(a0, 0x11)
    LOAD_DOUBLE(a0, 0x401ffff8)
    CHECK(a0, 0x22)
    LOAD_DOUBLE(a0, 0x100200000)
    CHECK(a0, 0x11)
    LOAD_DOUBLE(a0, 0x1003ffff8)
    CHECK(a0, 0x22)
    li s0, 0x40200000
    TRAPS_VALUE(CAUSE_LOAD_PAGE, 0x40200000, lw t0, 0(s0))
    ENTER(SUPERVISOR)
    li s0, 0xc0000000
    TRAPS_VALUE(CAUSE_STORE_PAGE, 0xc0000000, sw t0, 0(s0))
    // 64 KiB: sixteen entries, each of which says 0x8 in the low bits of its page number.
    li t0, TABLE(2)
    li t1, PTE(0x80218000, ALL | NAPOT)
    li t2, 16
1:  sd t1, 0(t0)
    addi t0, t0, 8
    addi t2, t2, -1
    bnez t2, 1b
    SET_PTE(TABLE(2), 16, PTE(0x80210000, ALL | NAPOT))     // of a size that is reserved
    SET_PTE(TABLE(2), 32, PTE(0x80214000, ALL | NAPOT))
    sfence.vma
    ENTER(SUPERVISOR)
    LOAD_DOUBLE(a0, 0x40400000)
    CHECK(a0, 0x33)
    LOAD_DOUBLE(a0, 0x4040fff8)
    CHECK(a0, 0x44)
    STORE_DOUBLE(0x40405ff8, 0x55)
    LOAD_DOUBLE(a0, 0x80215ff8)
    CHECK(a0, 0x55)
    li s0, 0x40410000
    TRAPS(CAUSE_LOAD_PAGE, lw t0, 0(s0))
    ENTER(SUPERVISOR)
    li s0, 0x40420000
    TRAPS(CAUSE_LOAD_PAGE, lw t0, 0(s0))
    // N is for the last level alone.
    SET_PTE(TABLE(1), 0, PTE(0x80200000, ALL | NAPOT))
    sfence.vma
    ENTER(SUPERVISOR)
    li s0, 0x40000000
    TRAPS(CAUSE_LOAD_PAGE, lw t0, 0(s0))
    j pass
