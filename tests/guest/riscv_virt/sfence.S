// sfence.vma with every combination of operands ends the use of what the page tables said before. Whether old
// translations are used until then is free, so nothing is checked in between (4.2.1).
// expect: tp = 0x1d
#include "guest.h"
#define ALL V | R | W | X | A | D
#define VIRTUAL 0x200001000
#define OTHER 0x200002000
#define MAP(page) SET_PTE(TABLE(2), 1, PTE(PAGE(page), ALL))
// Both are looked at first, so that there is something to forget.
#define SEEN(value) ld a0, 0(s0); CHECK(a0, value); ld a0, 0(s11); CHECK(a0, 0x99)
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(1), 2, PTE(TABLE(3), V))
    MAP(1)
    SET_PTE(TABLE(2), 2, PTE(PAGE(9), ALL))
    STORE_DOUBLE(PAGE(1), 0x11)
    STORE_DOUBLE(PAGE(2), 0x22)
    STORE_DOUBLE(PAGE(9), 0x99)
    li t0, SATP(SV39, 7, TABLE(0))
    csrw satp, t0
    sfence.vma
    li s0, VIRTUAL
    li s11, OTHER
    li s3, 7
    ENTER(SUPERVISOR)
    SEEN(0x11)
    MAP(2)
    sfence.vma zero, zero
    SEEN(0x22)
    MAP(1)
    sfence.vma s0, zero
    SEEN(0x11)
    MAP(2)
    sfence.vma zero, s3
    SEEN(0x22)
    MAP(1)
    sfence.vma s0, s3
    SEEN(0x11)
    // An address within the page, aligned or not, means the page.
    MAP(2)
    addi t1, s0, 0x123
    sfence.vma t1, s3
    SEEN(0x22)
    // The registers are what counts, not their values: address 0 and ASID 0 are an address and an ASID.
    SET_PTE(TABLE(0), 0, PTE(0x80000000, ALL))
    sfence.vma
    li t1, 0
    li a1, PAGE(1) & 0x3fffffff
    ld a0, 0(a1)
    CHECK(a0, 0x11)
    SET_PTE(TABLE(0), 0, 0)
    sfence.vma
    // sfence.w.inval, sinval.vma and sfence.inval.ir together (Svinval).
    MAP(1)
    sfence.w.inval
    sinval.vma s0, s3
    sfence.inval.ir
    SEEN(0x11)
    MAP(2)
    sfence.w.inval
    sinval.vma zero, zero
    sfence.inval.ir
    SEEN(0x22)
    // A permission withdrawn, and one given back.
    SET_PTE(TABLE(2), 1, PTE(PAGE(1), V | R | A))
    sfence.vma s0, zero
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL, sd t0, 0(s0))
    MAP(1)
    ENTER(SUPERVISOR)
    sfence.vma s0, zero
    sd zero, 8(s0)
    // A page that wasn't there is there after the fence.
    li s0, VIRTUAL + 0x2000
    TRAPS(CAUSE_LOAD_PAGE, ld a0, 0(s0))
    SET_PTE(TABLE(2), 3, PTE(PAGE(2), ALL))
    ENTER(SUPERVISOR)
    sfence.vma s0, zero
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    // A pointer in the middle: the fence is for the leaf's address, of a page that has moved with its table.
    li s0, VIRTUAL + 0x400000
    SET_PTE(TABLE(3), 1, PTE(PAGE(1), ALL))
    SET_PTE(TABLE(4), 1, PTE(PAGE(2), ALL))
    sfence.vma
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    SET_PTE(TABLE(1), 2, PTE(TABLE(4), V))
    sfence.vma s0, zero
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    // One address within a large page: the fence is for all of it, wherever it was used.
    SET_PTE(TABLE(1), 4, PTE(0x80200000, ALL))
    STORE_DOUBLE(0x80400000 + 0x1000, 0x44)
    STORE_DOUBLE(0x80400000 + 0x5000, 0x45)
    sfence.vma
    LOAD_DOUBLE(a0, 0x200801000)
    LOAD_DOUBLE(a0, 0x200805000)
    SET_PTE(TABLE(1), 4, PTE(0x80400000, ALL))
    li t1, 0x2008ff000
    sfence.vma t1, zero
    LOAD_DOUBLE(a0, 0x200801000)
    CHECK(a0, 0x44)
    LOAD_DOUBLE(a0, 0x200805000)
    CHECK(a0, 0x45)
    // The code of a page that is mapped elsewhere is other code.
    STORE_WORD(PAGE(1), 0x01100513)         // addi a0, zero, 0x11
    STORE_WORD(PAGE(1) + 4, 0x00008067)     // jalr zero, 0(ra)
    STORE_WORD(PAGE(2), 0x02200513)         // addi a0, zero, 0x22
    STORE_WORD(PAGE(2) + 4, 0x00008067)
    fence.i
    MAP(1)
    li s0, VIRTUAL
    sfence.vma
    jalr s0
    CHECK(a0, 0x11)
    MAP(2)
    sfence.vma s0, zero
    jalr s0
    CHECK(a0, 0x22)
    j pass
