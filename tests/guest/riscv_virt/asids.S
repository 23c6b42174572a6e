// Address spaces that are told apart by their ASIDs, global pages, and fences for one space (4.2.1, 4.3.1).
// expect: tp = 0xe
#include "guest.h"
#define ALL V | R | W | X | A | D
#define VIRTUAL 0x200001000
#define GLOBAL 0x240000000
#define SPACE(asid, table) li t0, SATP(SV39, asid, table); csrw satp, t0
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), G)
    IDENTITY_SV39(TABLE(4), G)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), ALL))
    SET_PTE(TABLE(4), 8, PTE(TABLE(5), V))
    SET_PTE(TABLE(5), 0, PTE(TABLE(6), V))
    SET_PTE(TABLE(6), 1, PTE(PAGE(2), ALL))
    SET_PTE(TABLE(0), 9, PTE(TABLE(7), V))
    SET_PTE(TABLE(4), 9, PTE(TABLE(7), V))
    SET_PTE(TABLE(7), 0, PTE(0x80200000, ALL | G))
    STORE_DOUBLE(PAGE(1), 0x11)
    STORE_DOUBLE(PAGE(2), 0x22)
    STORE_DOUBLE(PAGE(3), 0x33)
    STORE_DOUBLE(PAGE(4), 0x44)
    li s0, VIRTUAL
    SPACE(1, TABLE(0))
    sfence.vma
    ENTER(SUPERVISOR)
    // To and fro without a fence.
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    SPACE(2, TABLE(4))
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    SPACE(1, TABLE(0))
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    SPACE(2, TABLE(4))
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    // Both spaces change; a fence for each, given from the other one.
    SET_PTE(TABLE(2), 1, PTE(PAGE(3), ALL))
    SET_PTE(TABLE(6), 1, PTE(PAGE(4), ALL))
    li t1, 1
    li t2, 2
    sfence.vma zero, t1
    sfence.vma s0, t2
    ld a0, 0(s0)
    CHECK(a0, 0x44)
    SPACE(1, TABLE(0))
    ld a0, 0(s0)
    CHECK(a0, 0x33)
    // A fence without an ASID is for all of them.
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), ALL))
    SET_PTE(TABLE(6), 1, PTE(PAGE(2), ALL))
    sfence.vma s0, zero
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    SPACE(2, TABLE(4))
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    // A global page is the same in both; a fence for every ASID makes its change seen.
    LOAD_DOUBLE(a0, GLOBAL + 0x1000)
    CHECK(a0, 0x11)
    SPACE(1, TABLE(0))
    LOAD_DOUBLE(a0, GLOBAL + 0x1000)
    CHECK(a0, 0x11)
    SET_PTE(TABLE(7), 0, PTE(0x80400000, ALL | G))
    sfence.vma
    LOAD_DOUBLE(a0, GLOBAL + 0x1000)
    CHECK(a0, 0)
    SPACE(2, TABLE(4))
    LOAD_DOUBLE(a0, GLOBAL + 0x1000)
    CHECK(a0, 0)
    // Code by ASID: the same address runs other instructions.
    STORE_WORD(PAGE(1), 0x01100513)         // addi a0, zero, 0x11
    STORE_WORD(PAGE(1) + 4, 0x00008067)     // jalr zero, 0(ra)
    STORE_WORD(PAGE(2), 0x02200513)         // addi a0, zero, 0x22
    STORE_WORD(PAGE(2) + 4, 0x00008067)
    fence.i
    li s3, 0
    li s4, 3
1:  SPACE(1, TABLE(0))
    jalr s0
    add s3, s3, a0
    SPACE(2, TABLE(4))
    jalr s0
    add s3, s3, a0
    addi s4, s4, -1
    bnez s4, 1b
    CHECK(s3, 3 * 0x33)
    // The page tables of a space under its ASID may be replaced; then it takes a fence.
    SPACE(1, TABLE(4))
    li t1, 1
    sfence.vma zero, t1
    ld a0, 0(s0)
    CHECK(a0, 0x0000806702200513)
    j pass
