// Code that is written while it is used: after fence.i the new instructions run, in this block, in another one, and in
// one that is reached through a link made before.
// expect: a0 = 0x37
// expect: tp = 0xb
#include "guest.h"
main:
    // A function is rewritten and called, again and again.
    la s0, patched
    li s2, 0x00000513           // addi a0, zero, 0
    li s3, 0
    li s4, 10
1:  sw s2, 0(s0)
    fence.i
    call patched
    add s3, s3, a0
    li t0, 1 << 20
    add s2, s2, t0
    addi s4, s4, -1
    bnez s4, 1b
    CHECK(s3, 45)
    // The very next instruction, each time round the loop.
    la s0, 2f
    li s2, 0x00000513
    li s3, 0
    li s4, 10
1:  li t0, 1 << 20
    add s2, s2, t0
    sw s2, 0(s0)
    fence.i
    .option push
    .option norvc
2:  addi a0, zero, 0
    .option pop
    add s3, s3, a0
    addi s4, s4, -1
    bnez s4, 1b
    CHECK(s3, 55)
    // A compressed half of it: c.li a0, 5 for c.li a0, 1.
    la s0, halves
    call halves
    CHECK(a0, 1)
    li t0, 0x4515
    sh t0, 0(s0)
    fence.i
    call halves
    CHECK(a0, 5)
    // A jump's target: behind the jump, code that was never run before.
    la s0, target
    call jumper
    CHECK(a0, 3)
    li t0, 0x4521               // c.li a0, 8
    sh t0, 0(s0)
    fence.i
    call jumper
    CHECK(a0, 8)
    // Data beside code on one page may be written all the time.
    la s0, beside
    li s4, 1000
    li s3, 0
1:  sd s4, 0(s0)
    call halves
    add s3, s3, a0
    addi s4, s4, -1
    bnez s4, 1b
    CHECK(s3, 5000)
    ld a0, 0(s0)
    CHECK(a0, 1)
    // cbo.zero and atomic operations write code as well.
    la s0, patched
    li t0, 0x03700513           // addi a0, zero, 0x37
    amoswap.w t1, t0, (s0)
    fence.i
    call patched
    CHECK(a0, 0x37)
    la s0, block
    call block
    cbo.zero (s0)
    fence.i
    la s1, 1f
    jalr t0, 0(s0)
    j untrapped
1:  CHECK(s2, CAUSE_ILLEGAL)
    CHECK_SAME(s4, s0)
    j pass

    .option norvc
    .balign 4
patched:
    addi a0, zero, 0
    ret
    .balign 64
block:
    ret
    .balign 64
    .option rvc
halves:
    c.li a0, 1
    ret
jumper:
    j target
    .balign 8
beside:
    .dword 0
    .dword 0
target:
    c.li a0, 3
    ret
