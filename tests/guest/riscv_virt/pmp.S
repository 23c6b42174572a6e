// Physical memory protection: R, W and X, the three ways to name a region, the order of entries, and locks (3.7).
// expect: tp = 0x28
#include "guest.h"
#define NAPOT_4K(address) (((address) >> 2) | 0x1ff)
#define DATA PAGE(0)
#define CONFIGURATION(value) li t5, value; csrw pmpcfg0, t5
// Entry 0 is what is tested, entry 1 allows everything else.
#define RULE(address, configuration) \
    li t5, address; csrw pmpaddr0, t5; CONFIGURATION(0x1f00 | (configuration)); ENTER(SUPERVISOR)
main:
    li t0, -1
    csrw pmpaddr1, t0
    STORE_WORD(DATA, 0x00008067)            // jalr zero, 0(ra)
    li s0, DATA
    RULE(NAPOT_4K(DATA), 0x18 | 1)
    lw a0, 0(s0)
    CHECK(a0, 0x8067)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, DATA, sw a0, 0(s0))
    RULE(NAPOT_4K(DATA), 0x18 | 1)
    la s1, 1f
    jr s0
1:  CHECK(s2, CAUSE_FETCH_ACCESS)
    CHECK(s3, DATA)
    RULE(NAPOT_4K(DATA), 0x18 | 3)
    sw a0, 0(s0)
    BACK
    RULE(NAPOT_4K(DATA), 0x18 | 4)
    jalr s0
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, DATA + 8, ld a0, 8(s0))
    RULE(NAPOT_4K(DATA), 0x18)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, DATA + 16, addi a1, s0, 16; 6: amoadd.d a0, a0, (a1))
    RULE(NAPOT_4K(DATA), 0x18)
    li t1, DATA + 0x1000
    lw a0, 0(t1)                            // the next page is another matter
    BACK
    // Machine mode is above it, until the entry is locked.
    lw a0, 0(s0)
    CHECK(a0, 0x8067)

    // Four bytes (NA4): an access to others of the page is allowed, one that reaches into them isn't.
    RULE((DATA + 8) >> 2, 0x10)
    ld a0, 0(s0)
    lw a0, 12(s0)
    TRAPS(CAUSE_LOAD_ACCESS, lw a0, 8(s0))
    RULE((DATA + 8) >> 2, 0x10)
    TRAPS(CAUSE_LOAD_ACCESS, ld a0, 8(s0))
    RULE((DATA + 8) >> 2, 0x10)
    TRAPS(CAUSE_STORE_ACCESS, sb a0, 11(s0))
    li t0, -1
    csrw pmpaddr2, t0

    // TOR: from the address before, or from 0, up to but without its own.
    li t0, DATA >> 2
    csrw pmpaddr0, t0
    li t0, (DATA + 0x2000) >> 2
    csrw pmpaddr1, t0
    CONFIGURATION(0x1f0900)
    ENTER(SUPERVISOR)
    li t1, DATA - 8
    sd zero, 0(t1)
    lw a0, 0(s0)
    li t1, DATA + 0x1ff8
    TRAPS_VALUE(CAUSE_STORE_ACCESS, DATA + 0x1ff8, sd zero, 0(t1))
    ENTER(SUPERVISOR)
    li t1, DATA + 0x2000
    sd zero, 0(t1)
    TRAPS(CAUSE_STORE_ACCESS, sd zero, 0(s0))
    // Without any entry that matches there is nothing below machine mode.
    CONFIGURATION(0x0900)
    la s1, 1f
    ENTER(USER)
    j untrapped
1:  CHECK(s2, CAUSE_FETCH_ACCESS)

    // The walk of page tables is checked too: tables may be read but not written for A and D.
    csrw pmpcfg0, zero
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 0, PTE(PAGE(3), V | R | W))
    li t0, NAPOT_4K(TABLE(2))
    csrw pmpaddr0, t0
    li t0, -1
    csrw pmpaddr1, t0
    li t0, 1 << 61
    csrs menvcfg, t0
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    li a1, 0x200000000
    CONFIGURATION(0x1f18)
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_ACCESS, 0x200000000, lw t0, 0(a1))
    CONFIGURATION(0x1f19)
    sfence.vma
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, 0x200000000, sw t0, 0(a1))
    CONFIGURATION(0x1f1b)
    sfence.vma
    ENTER(SUPERVISOR)
    sw t0, 0(a1)
    BACK
    LOAD_DOUBLE(a0, TABLE(2))
    CHECK(a0, PTE(PAGE(3), V | R | W | A | D))
    csrw satp, zero

    // W without R is reserved and can't be read back.
    CONFIGURATION(0x1a)
    csrr t0, pmpcfg0
    andi t0, t0, 3
    beqz t0, 1f
    j untrapped
1:  // A locked entry binds machine mode, and neither it nor its address can be written until reset.
    li t0, NAPOT_4K(DATA)
    csrw pmpaddr0, t0
    CONFIGURATION(0x1f99)
    lw a0, 0(s0)
    TRAPS_VALUE(CAUSE_STORE_ACCESS, DATA, sw a0, 0(s0))
    csrw pmpaddr0, zero
    CHECK_CSR(pmpaddr0, NAPOT_4K(DATA))
    csrw pmpcfg0, zero
    CHECK_CSR(pmpcfg0, 0x99)
    // A locked TOR entry locks the address below it as well.
    li t0, 0x1000
    csrw pmpaddr4, t0
    csrw pmpaddr5, t0
    li t0, 0x88 << 40
    csrw pmpcfg0, t0
    csrw pmpaddr4, zero
    CHECK_CSR(pmpaddr4, 0x1000)
    csrw pmpaddr5, zero
    CHECK_CSR(pmpaddr5, 0x1000)
    csrw pmpaddr6, t0
    CHECK_CSR(pmpaddr6, (0x88 << 40) & ((1 << 54) - 1))
    j pass
