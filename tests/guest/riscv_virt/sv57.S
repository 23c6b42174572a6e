// The Sv57 walk: its levels, its range of canonical addresses, and a large page at its root (4.5, 4.6).
// expect: tp = 0x14
#include "guest.h"
#define ALL V | R | W | X | A | D
#define ROOT TABLE(9)
#define HIGHEST_LOW 0xffffffffffffff
#define ROOT_SHIFT 48
main:
    OPEN_MEMORY
    // Where the program lies, in one page of 1 GiB.
    SET_PTE(TABLE(9), 0, PTE(TABLE(0), V))
    SET_PTE(TABLE(0), 0, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 2, PTE(0x80000000, ALL))
    // The highest page of all, and one near the top of the lower half.
    SET_PTE(ROOT, 511, PTE(TABLE(2), V))
    SET_PTE(ROOT, 255, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 511, PTE(TABLE(3), V))
    SET_PTE(TABLE(3), 511, PTE(TABLE(4), V))
    SET_PTE(TABLE(4), 511, PTE(TABLE(5), V))
    SET_PTE(TABLE(5), 511, PTE(PAGE(3), ALL))
    STORE_DOUBLE(PAGE(3) + 0xff8, 0x1122334455667788)
    li a0, SATP(SV57, 0, ROOT)
    csrw satp, a0
    CHECK_CSR(satp, SATP(SV57, 0, ROOT))
    sfence.vma
    ENTER(SUPERVISOR)
    li s0, -8
    ld a0, 0(s0)
    CHECK(a0, 0x1122334455667788)
    li s0, HIGHEST_LOW - 7
    ld a0, 0(s0)
    CHECK(a0, 0x1122334455667788)
    sd zero, 0(s0)
    li t0, PAGE(3) + 0xff8
    ld a0, 0(t0)
    CHECK(a0, 0)
    // One beyond.
    li s0, HIGHEST_LOW + 1
    TRAPS_VALUE(CAUSE_LOAD_PAGE, HIGHEST_LOW + 1, lb t0, 0(s0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_PAGE, HIGHEST_LOW + 1, sb t0, 0(s0))
    // An access that begins in the last canonical page of the lower half.
    ENTER(SUPERVISOR)
    li s0, HIGHEST_LOW - 3
    TRAPS_VALUE(CAUSE_LOAD_PAGE, HIGHEST_LOW + 1, ld t0, 0(s0))
    // An access across the end of the highest page goes on at 0, which has no entry.
    ENTER(SUPERVISOR)
    li s0, -4
    TRAPS_VALUE(CAUSE_LOAD_PAGE, 0, ld t0, 0(s0))
    // A large page at the root, misaligned until its low bits are 0.
    SET_PTE(ROOT, 1, PTE(0x80000000, ALL))
    sfence.vma
    ENTER(SUPERVISOR)
    li s0, 1 << ROOT_SHIFT
    TRAPS_VALUE(CAUSE_LOAD_PAGE, 1 << ROOT_SHIFT, ld t0, 0(s0))
    SET_PTE(ROOT, 1, PTE(0, ALL))
    STORE_DOUBLE(PAGE(4), 0x5a5a)
    sfence.vma
    ENTER(SUPERVISOR)
    li s0, (1 << ROOT_SHIFT) + PAGE(4)
    ld a0, 0(s0)
    CHECK(a0, 0x5a5a)
    j pass
