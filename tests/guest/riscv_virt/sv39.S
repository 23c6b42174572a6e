// The Sv39 walk: three levels, permissions, reserved encodings, and addresses that aren't canonical (4.3.2, 4.4).
// expect: tp = 0x48
#include "guest.h"
#define ALL V | R | W | X | A | D
#define VIRTUAL 0x200201000 // root 8, middle 1, last 1
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 1, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 1, PTE(PAGE(3), ALL))
    STORE_DOUBLE(PAGE(3) + 0x18, 0x1122334455667788)
    li a0, SATP(SV39, 0, TABLE(0))
    csrw satp, a0
    CHECK_CSR(satp, SATP(SV39, 0, TABLE(0)))
    li s0, VIRTUAL
    sfence.vma
    // Machine mode isn't translated.
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, VIRTUAL + 0x18, ld t0, 0x18(s0))
    ENTER(SUPERVISOR)
    ld a0, 0x18(s0)
    CHECK(a0, 0x1122334455667788)
    li t0, 0x99
    sb t0, 0x18(s0)
    li t1, PAGE(3)
    lwu a0, 0x18(t1)
    CHECK(a0, 0x55667799)
    // The lowest address and the highest one that are canonical have no entry; those beyond fault likewise.
    li a1, 0x3ffffffff8
    TRAPS_VALUE(CAUSE_LOAD_PAGE, 0x3ffffffff8, ld t0, 0(a1))
    ENTER(SUPERVISOR)
    li a1, 0xffffffc000000000
    TRAPS_VALUE(CAUSE_STORE_PAGE, 0xffffffc000000000, sd t0, 0(a1))
    // The upper bits are no part of an address that merely looks like one with an entry.
    ENTER(SUPERVISOR)
    li a1, VIRTUAL | (1 << 39)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL | (1 << 39), lb t0, 0(a1))
    ENTER(SUPERVISOR)
    li a1, VIRTUAL | (1 << 63)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL | (1 << 63), amoadd.w t0, t0, (a1))
    ENTER(SUPERVISOR)
    li a1, VIRTUAL | (1 << 62)
    la s1, 1f
    jr a1
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, VIRTUAL | (1 << 62))
    CHECK(s4, VIRTUAL | (1 << 62))

#define FAULTS(flags, cause, ...) \
    SET_PTE(TABLE(2), 1, PTE(PAGE(3), flags)); sfence.vma; ENTER(SUPERVISOR); TRAPS_VALUE(cause, VIRTUAL + 8, __VA_ARGS__)
#define WORKS(flags, ...) \
    SET_PTE(TABLE(2), 1, PTE(PAGE(3), flags)); sfence.vma; ENTER(SUPERVISOR); __VA_ARGS__; BACK; \
    CHECK(s2, CAUSE_ECALL_SUPERVISOR)
    FAULTS(R | W | A | D, CAUSE_LOAD_PAGE, lw t0, 8(s0))
    FAULTS(V | R | A | D, CAUSE_STORE_PAGE, sw t0, 8(s0))
    FAULTS(V | R | A | D, CAUSE_STORE_PAGE, addi t0, s0, 8; 6: amoor.w zero, zero, (t0))
    FAULTS(V | X | A | D, CAUSE_LOAD_PAGE, lw t0, 8(s0))
    FAULTS(V | W | A | D, CAUSE_LOAD_PAGE, lw t0, 8(s0))
    FAULTS(V | W | X | A | D, CAUSE_STORE_PAGE, sw t0, 8(s0))
    FAULTS(V, CAUSE_LOAD_PAGE, lw t0, 8(s0))                   // a pointer at the last level
    FAULTS(ALL | U, CAUSE_LOAD_PAGE, lw t0, 8(s0))             // SUM is 0
    FAULTS(ALL | (1 << 54), CAUSE_LOAD_PAGE, lw t0, 8(s0))     // reserved
    FAULTS(ALL | (1 << 60), CAUSE_STORE_PAGE, sw t0, 8(s0))    // reserved
    FAULTS(ALL | (3 << 61), CAUSE_LOAD_PAGE, lw t0, 8(s0))     // PBMT, disabled and reserved
    WORKS(V | R | A, lw t0, 8(s0))
    WORKS(V | R | W | A | D, sw t0, 8(s0))
    WORKS(ALL | (3 << 8), lw t0, 8(s0))                        // RSW is for software
    // A pointer may not carry A, D or U.
    SET_PTE(TABLE(2), 1, PTE(PAGE(3), ALL))
    SET_PTE(TABLE(1), 1, PTE(TABLE(2), V | A))
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_LOAD_PAGE, lw t0, 8(s0))
    SET_PTE(TABLE(1), 1, PTE(TABLE(2), V | U))
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS(CAUSE_LOAD_PAGE, lw t0, 8(s0))
    // A table where there is no memory is an access fault of the access that needed it.
    SET_PTE(TABLE(1), 1, PTE(0x800000000, V))
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, VIRTUAL, lw t0, 0(s0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, VIRTUAL, sw t0, 0(s0))
    ENTER(SUPERVISOR)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_ACCESS)
    CHECK(s3, VIRTUAL)
    // A page that isn't there is one as well.
    SET_PTE(TABLE(1), 1, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 1, PTE(0x800000000, ALL))
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, VIRTUAL, lw t0, 0(s0))
    j pass
