// minstret counts exactly: each instruction that retires is one, one that traps is none, a write counts from the next
// instruction on (3.1.10, 3.1.12).
// expect: tp = 0x12
#include "guest.h"
// Of the instructions in between and one of the two reads.
#define COUNT(expected, ...) csrr s7, minstret; __VA_ARGS__; csrr s8, minstret; sub a0, s8, s7; CHECK(a0, expected)
main:
    OPEN_MEMORY
    COUNT(1, )
    COUNT(4, nop; nop; nop)
    // Jumps, taken branches and loops.
    COUNT(3, j 2f; nop; 2: nop)
    COUNT(202, li t0, 100; 2: addi t0, t0, -1; bnez t0, 2b)
    // Compressed ones count alike, fusion there is none.
    COUNT(5, c.nop; c.nop; lui t0, 0x12345; addi t0, t0, 1)
    // In the middle of a block that the counter is read in: at each place the exact value.
    csrr s7, minstret
    nop
    csrr s8, minstret
    nop
    nop
    csrr s9, minstret
    sub a0, s8, s7
    CHECK(a0, 2)
    sub a0, s9, s8
    CHECK(a0, 3)
    // An ecall doesn't retire; the five instructions of the handler do.
    la s1, 1f
    csrr s7, minstret
    nop
    ecall
    nop
1:  csrr s8, minstret
    sub a0, s8, s7
    CHECK(a0, 7)
    // Nor does a load that faults, or an illegal instruction.
    la s1, 1f
    csrr s7, minstret
    lw t0, 0(zero)
1:  csrr s8, minstret
    sub a0, s8, s7
    CHECK(a0, 6)
    // mret, fence.i, sfence.vma and wfi do.
    la t0, 1f
    csrw mepc, t0
    li t0, MSTATUS_MPP
    csrs mstatus, t0
    csrr s7, minstret
    mret
1:  csrr s8, minstret
    sub a0, s8, s7
    CHECK(a0, 2)
    csrsi mie, 1 << SSI
    csrsi mip, 1 << SSI
    COUNT(4, fence.i; sfence.vma; wfi)
    csrw mie, zero
    // Written, it has that value in the next instruction.
    li t0, 1000
    csrw minstret, t0
    csrr a0, minstret
    CHECK(a0, 1000)
    csrw minstret, zero
    nop
    csrr a0, minstret
    CHECK(a0, 1)
    li t0, -1
    csrw minstret, t0
    nop
    csrr a0, minstret
    CHECK(a0, 0)
    // Inhibited, it stands still: the inhibiting instruction is the last one that counts.
    csrr s7, minstret
    csrwi mcountinhibit, 4
    nop
    nop
    csrr s8, minstret
    sub a0, s8, s7
    CHECK(a0, 2)
    csrwi mcountinhibit, 0
    csrr s9, minstret
    sub a0, s9, s8
    CHECK(a0, 0)
    // While it is inhibited it can be written.
    csrwi mcountinhibit, 5
    csrwi minstret, 7
    nop
    CHECK_CSR(minstret, 7)
    csrwi mcountinhibit, 0
    // instret is the same counter.
    csrr s7, minstret
    csrr s8, instret
    sub a0, s8, s7
    CHECK(a0, 1)
    j pass
