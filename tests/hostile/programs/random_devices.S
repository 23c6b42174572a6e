// Random loads and stores of all widths all over the devices, with the PCI functions enabled first. The finisher is left
// out, and the flash, whose commands are many.
#include "tests/hostile/program.h"
    SKIP_TRAPS
    csrw mie, zero
    // Every function's 64-bit BAR gets a place of its own, then memory and bus mastering.
    li s0, 0x30000000
    li s1, 0x440000000           // where 64-bit BARs may lie, with 16 MiB of memory
    li s2, 8
1:  li t0, 0x8000
    add s0, s0, t0
    sw s1, 0x20(s0)
    srli t0, s1, 32
    sw t0, 0x24(s0)
    li t0, 6
    sh t0, 4(s0)
    li t0, 0x10000
    add s1, s1, t0
    addi s2, s2, -1
    bnez s2, 1b

    li s3, 0x9e3779b97f4a7c15    // the state of the random numbers
    li s4, ROUNDS
    la s5, windows
loop:
    slli t0, s3, 13              // xorshift64
    xor s3, s3, t0
    srli t0, s3, 7
    xor s3, s3, t0
    slli t0, s3, 17
    xor s3, s3, t0
    andi t0, s3, 0xf             // which window
    slli t0, t0, 4
    add t0, t0, s5
    ld t1, 0(t0)
    ld t2, 8(t0)
    srli t3, s3, 4
    and t3, t3, t2
    andi t3, t3, -8
    add t1, t1, t3
    // What is written: anything, or an address in memory that isn't the program's.
    mv t4, s3
    srli t0, s3, 61
    beqz t0, 2f
    li t0, 0xfffff8
    and t4, t4, t0
    li t0, 0x80100000
    or t4, t4, t0
2:  srli t0, s3, 54
    andi t0, t0, 7
    slli t0, t0, 3
    la t2, accesses
    add t2, t2, t0
    jr t2
accesses:
    sb t4, 1(t1); j next
    sh t4, 2(t1); j next
    sw t4, 4(t1); j next
    sd t4, 0(t1); j next
    lb t4, 3(t1); j next
    lh t4, 2(t1); j next
    lw t4, 0(t1); j next
    ld t4, 0(t1); j next
next:
    addi s4, s4, -1
    bnez s4, loop
    END(PASS)
    SKIP_HANDLER

    .balign 8
windows: // base, mask of the offset; sixteen of them
    .dword 0x101000, 0xff, 0x2000000, 0xffff, 0x3000000, 0xffff, 0xc000000, 0x3fffff
    .dword 0x10000000, 0xff, 0x10001000, 0x1ff, 0x10002000, 0x7fff, 0x10100000, 0x1f
    .dword 0x30000000, 0x3fffff, 0x30008000, 0xff, 0x40000000, 0xffff, 0x440000000, 0x3fff
    .dword 0x440010000, 0x3fff, 0x440020000, 0x3fff, 0x440000000, 0xff, 0x0, 0xfffff
