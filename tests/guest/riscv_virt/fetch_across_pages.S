// Fetches at the end of a page: a compressed instruction there needs nothing of the next page; one of four bytes does,
// and a fault of its second half has that page's address in mtval, and the instruction's in mepc.
// expect: tp = 0x13
#include "guest.h"
#define ALL V | R | X | A
#define VIRTUAL 0x200000000
#define LAST (VIRTUAL + 0xffe)
main:
    OPEN_MEMORY
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 0, PTE(PAGE(6), ALL))
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    // c.jr ra as the last one.
    li t0, PAGE(6) + 0xffe
    li t1, 0x8082
    sh t1, 0(t0)
    fence.i
    li s0, LAST
    ENTER(SUPERVISOR)
    jalr s0
    BACK
    CHECK(s2, CAUSE_ECALL_SUPERVISOR)
    // c.nop, and on into the next page: that fetch faults with its own address in both.
    li t0, PAGE(6) + 0xffe
    li t1, 0x0001
    sh t1, 0(t0)
    fence.i
    ENTER(SUPERVISOR)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, VIRTUAL + 0x1000)
    CHECK(s4, VIRTUAL + 0x1000)
    // The first half of addi a0, zero, 0x12 (0x01200513).
    li t0, PAGE(6) + 0xffe
    li t1, 0x0513
    sh t1, 0(t0)
    fence.i
    ENTER(SUPERVISOR)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, VIRTUAL + 0x1000)
    CHECK(s4, LAST)
    // A page that can't be executed is no better, nor one without memory.
    SET_PTE(TABLE(2), 1, PTE(PAGE(4), V | R | W | A | D))
    sfence.vma
    ENTER(SUPERVISOR)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, VIRTUAL + 0x1000)
    CHECK(s4, LAST)
    SET_PTE(TABLE(2), 1, PTE(0x800000000, ALL))
    sfence.vma
    ENTER(SUPERVISOR)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_ACCESS)
    CHECK(s3, VIRTUAL + 0x1000)
    CHECK(s4, LAST)
    // With both pages there, wherever they lie, it is one instruction; then another, by the second page alone.
    STORE_DOUBLE(PAGE(4), 0x80820120)
    STORE_DOUBLE(PAGE(8), 0x80820340)
    fence.i
    SET_PTE(TABLE(2), 1, PTE(PAGE(4), ALL))
    sfence.vma
    ENTER(SUPERVISOR)
    jalr s0
    CHECK(a0, 0x12)
    SET_PTE(TABLE(2), 1, PTE(PAGE(8), ALL))
    sfence.vma
    jalr s0
    CHECK(a0, 0x34)
    // Or by a store into it.
    li t0, PAGE(8)
    li t1, 0x0560
    sh t1, 0(t0)
    fence.i
    jalr s0
    CHECK(a0, 0x56)
    // Then the second page goes.
    SET_PTE(TABLE(2), 1, 0)
    sfence.vma
    la s1, 1f
    jalr s0
    j untrapped
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK(s3, VIRTUAL + 0x1000)
    CHECK(s4, LAST)
    j pass
