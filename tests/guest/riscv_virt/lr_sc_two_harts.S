// Two harts count in one word, one by lr and sc, the other by atomic operations; nothing is lost. And a store by the
// other hart ends a reservation.
// harts: 2
// expect: tp = 0x3
#include "guest.h"
#define ROUNDS 20000
main:
    la s0, counter
    la s11, done
    li s3, ROUNDS
1:  lr.w t0, (s0)
    addi t0, t0, 1
    sc.w t1, t0, (s0)
    bnez t1, 1b
    addi s3, s3, -1
    bnez s3, 1b
2:  lw t0, 0(s11)
    beqz t0, 2b
    lw a0, 0(s0)
    CHECK(a0, 2 * ROUNDS)
    // It stores, when asked, another value than the one that is reserved.
    lr.w t0, (s0)
    sw zero, 0(s11)
2:  lw t1, 0(s11)
    beqz t1, 2b
    sc.w a0, t0, (s0)
    snez a0, a0
    CHECK(a0, 1)
    lw a0, 0(s0)
    CHECK(a0, 7)
    j pass

other_hart:
    la s0, counter
    la s11, done
    li s3, ROUNDS
    li t1, 1
1:  amoadd.w t0, t1, (s0)
    addi s3, s3, -1
    bnez s3, 1b
    sw t1, 0(s11)
2:  lw t0, 0(s11)
    bnez t0, 2b
    li t0, 7
    sw t0, 0(s0)
    fence w, w
    sw t1, 0(s11)
3:  wfi
    j 3b
    .data
    .balign 64
counter:
    .dword 0
    .balign 64
done:
    .dword 0
