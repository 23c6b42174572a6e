// Every hart rewrites a function of its own on pages that all harts share, and calls it: it must return what was written
// last. Hart 0 has fw_cfg's DMA write to these pages as well. A wrong answer ends the machine with code 1.
//   s0 the hart; s1 the value, s2 the round, s3 the first page, s4 the hart's place in it
    .option norvc
    .text
    .globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    csrw mie, zero
    csrr s0, mhartid
    li s2, 0
    li s3, 0x80100000
    slli s4, s0, 6
round:
    addi s2, s2, 1
    andi t0, s2, 3               // one of four pages
    slli t0, t0, 12
    add t0, t0, s3
    add s5, t0, s4
    andi s1, s2, 0x7ff
    slli t1, s1, 20
    li t2, 0x00000513            // addi a0, zero, value
    or t1, t1, t2
    sw t1, 0(s5)
    li t1, 0x00008067            // ret
    sw t1, 4(s5)
    fence.i
    jalr ra, 0(s5)
    bne a0, s1, wrong
    jalr ra, 0(s5)
    bne a0, s1, wrong
    // A function that crosses the boundary of two pages, for each hart alone.
    slli t0, s0, 14
    add t0, t0, s3
    li t1, 0x20ffe
    add s6, t0, t1
    li t1, 0x0513
    sh t1, 0(s6)
    slli t1, s1, 4
    sh t1, 2(s6)
    li t1, 0x8067
    sh t1, 4(s6)
    sh zero, 6(s6)
    fence.i
    jalr ra, 0(s6)
    bne a0, s1, wrong
    // A counter of all harts together.
    la t0, counter
    li t1, 1
    amoadd.d t1, t1, (t0)
    bnez s0, round
    // The signature of fw_cfg, "QEMU", behind the function.
    la t0, request
    addi t1, s5, 8
    sw zero, 8(s5)
    srli t2, t1, 24              // big-endian, and all addresses are below 4 GiB
    sb t2, 12(t0)
    srli t2, t1, 16
    sb t2, 13(t0)
    srli t2, t1, 8
    sb t2, 14(t0)
    sb t1, 15(t0)
    li t2, 0x0a000000            // select item 0, read
    sw t2, 0(t0)
    li t3, 0x10100010
    srli t1, t0, 24
    andi t1, t1, 0xff
    srli t2, t0, 8
    li t4, 0xff00
    and t2, t2, t4
    or t1, t1, t2
    slli t2, t0, 8
    li t4, 0xff0000
    and t2, t2, t4
    or t1, t1, t2
    slli t2, t0, 24
    or t1, t1, t2
    sw t1, 4(t3)
    lw t1, 8(s5)
    li t2, 0x554d4551
    bne t1, t2, wrong
    fence.i
    jalr ra, 0(s5)
    bne a0, s1, wrong
    j round

    .balign 4
trap:
wrong:
    li t0, 0x100000
    li t1, 0x13333
    sw t1, 0(t0)
1:  j 1b

    .balign 16
request:
    .word 0, 0x04000000, 0, 0    // control, length 4, address
counter:
    .dword 0
