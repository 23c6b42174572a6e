// Page tables that point to themselves at every level, and are dirtied through themselves.
#include "tests/hostile/program.h"
    OPEN_MEMORY
    la t0, handler
    csrw mtvec, t0
    li t1, 0x80100000            // the root: entry 2 maps this program, entry 0 is the table itself
    li t2, (0x80000 << 10) | 0xf
    sd t2, 16(t1)
    li t2, (0x80100 << 10) | 1
    sd t2, 0(t1)
    li t2, (8 << 60) | 0x80100
    csrw satp, t2
    sfence.vma
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
1:  li t0, 0                     // 0 -> table -> table -> table: not a leaf, a fault; 0x2000 is a leaf by then
    sd t0, 0(t0)
    li t0, 0x80000000
    li t1, 0x400000
2:  ld t2, 0(t0)
    sub t0, t0, t1
    sd t2, 0(t0)
    sfence.vma t0
    bnez t0, 2b
    j 1b
    .balign 4
handler:
    csrw mscratch, t0
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    csrr t0, mscratch
    mret
