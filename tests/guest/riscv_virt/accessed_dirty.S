// The A and D bits: set by the hardware while menvcfg.ADUE is 1, else a page fault (4.3.2, Svadu, Svade).
// expect: tp = 0x15
#include "guest.h"
#define ENTRY_ADDRESS (TABLE(2) + 8)
#define VIRTUAL 0x40001000
#define FRESH(flags) SET_PTE(TABLE(2), 1, PTE(PAGE(3), flags)); sfence.vma; ENTER(SUPERVISOR)
#define CHECK_ENTRY(flags) li a1, ENTRY_ADDRESS; ld a1, 0(a1); CHECK(a1, PTE(PAGE(3), flags))
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 1, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    STORE_WORD(PAGE(3), 0x00008067)         // jalr zero, 0(ra)
    fence.i
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    li s0, VIRTUAL
    li t0, 1 << 61
    csrs menvcfg, t0
    FRESH(V | R | W | X)
    lw t0, 0(s0)
    CHECK_ENTRY(V | R | W | X | A)
    sw t0, 0(s0)
    CHECK_ENTRY(V | R | W | X | A | D)
    BACK
    FRESH(V | R | W | X)
    sw t0, 8(s0)
    CHECK_ENTRY(V | R | W | X | A | D)
    BACK
    FRESH(V | R | W | X)
    jalr s0
    CHECK_ENTRY(V | R | W | X | A)
    BACK
    // A store that isn't permitted sets neither.
    FRESH(V | R | X)
    TRAPS(CAUSE_STORE_PAGE, sw t0, 8(s0))
    CHECK_ENTRY(V | R | X)
    // Nor does an instruction fetch from a page without X.
    FRESH(V | R | W)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK_ENTRY(V | R | W)
    // lr needs to read only, an atomic operation writes even when it stores what was there.
    FRESH(V | R | W)
    addi t1, s0, 8
    lr.w t0, (t1)
    CHECK_ENTRY(V | R | W | A)
    amoor.w t0, zero, (t1)
    CHECK_ENTRY(V | R | W | A | D)
    BACK

    // Without ADUE the bits are software's.
    li t0, 1 << 61
    csrc menvcfg, t0
    FRESH(V | R | W | X)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL + 8, lw t0, 8(s0))
    CHECK_ENTRY(V | R | W | X)
    FRESH(V | R | W | X | A)
    lw t0, 8(s0)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL + 8, sw t0, 8(s0))
    CHECK_ENTRY(V | R | W | X | A)
    FRESH(V | R | W | X | D)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    FRESH(V | R | W | X | A | D)
    sw t0, 8(s0)
    BACK
    CHECK(s2, CAUSE_ECALL_SUPERVISOR)
    j pass
