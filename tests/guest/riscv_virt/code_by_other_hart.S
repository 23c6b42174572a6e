// One hart rewrites a function that the other one runs: it writes, orders its store, interrupts the other, and that one
// runs fence.i before it calls (Zifencei). Round by round the function yields one more.
// harts: 2
// expect: a0 = 0x13ba
// expect: tp = 0x1
#include "guest.h"
#define ROUNDS 100
main:
    la s0, patched
    la s11, mailbox
    li s2, 0x00100513           // addi a0, zero, 1
    li s3, 0
    li s4, ROUNDS
1:  sw s2, 0(s0)
    fence w, w
    STORE_WORD(CLINT + 4, 1)
2:  lw t0, 0(s11)               // until it has answered
    beqz t0, 2b
    fence r, rw
    lw a0, 4(s11)
    add s3, s3, a0
    sw zero, 0(s11)
    fence w, w
    li t0, 1 << 20
    add s2, s2, t0
    addi s4, s4, -1
    bnez s4, 1b
    CHECK(s3, ROUNDS * (ROUNDS + 1) / 2)
    mv a0, s3
    j pass

other_hart:
    la s11, mailbox
    li t0, 1 << MSI
    csrw mie, t0
1:  wfi
    csrr t0, mip
    andi t0, t0, 1 << MSI
    beqz t0, 1b
    STORE_WORD(CLINT + 4, 0)
    fence.i
    call patched
    sw a0, 4(s11)
    fence w, w
    li t0, 1
    sw t0, 0(s11)
    j 1b

    .balign 4096
    .option norvc
patched:
    addi a0, zero, 0
    ret
    .data
    .balign 8
mailbox:
    .word 0, 0
