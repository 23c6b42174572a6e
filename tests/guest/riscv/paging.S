# Sv39: a page of its own for data, accessed and dirty bits, a read-only page, and a fault on the second page of an access.
# expect: a0 = 0x5678
# expect: a1 = 0xcf
# expect: a2 = 0xf
# expect: a3 = 0x40001000
# expect: a4 = 0xd
# expect: a5 = 0x40002000
# expect: a6 = 0x43
    la t0, handler
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    la s0, root
    la s1, middle
    la s2, leaves
    la s3, data
    li t0, 0x200000cf               # gigapage 0x80000000 on itself: D A X W R V
    sd t0, 16(s0)
    srli t0, s1, 2
    ori t0, t0, 1
    sd t0, 8(s0)                    # 0x40000000: two more levels
    srli t0, s2, 2
    ori t0, t0, 1
    sd t0, 0(s1)
    srli t0, s3, 2
    ori t1, t0, 0x0f                # X W R V, neither accessed nor dirty
    sd t1, 0(s2)
    ori t1, t0, 0x03                # R V
    sd t1, 8(s2)
    li t0, 8
    slli t0, t0, 60
    srli t1, s0, 12
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    li t0, 3 << 11
    csrc mstatus, t0
    li t0, 1 << 11
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret

    .balign 4
supervisor:
    li s4, 0x40000000
    li t0, 0x5678
    sw t0, 0(s4)
    lw a0, 0(s4)
    ld a1, 0(s2)
    andi a1, a1, 0xff
    li s5, 0x40001000
    sw t0, 0(s5)                    # read-only
    mv a2, s8
    mv a3, s9
    addi s6, s5, 0x7fc
    addi s6, s6, 0x7fe
    lw t1, 4(s6)                    # 0x40001ffe: its second half isn't mapped
    mv a4, s8
    mv a5, s9
    ld a6, 8(s2)
    andi a6, a6, 0xff
1:  wfi
    j 1b

    .balign 4
handler:
    csrr s8, mcause
    csrr s9, mtval
    csrr t6, mepc
    lhu t5, 0(t6)                   # compressed or not
    andi t5, t5, 3
    addi t5, t5, -3
    addi t6, t6, 2
    bnez t5, 1f
    addi t6, t6, 2
1:  csrw mepc, t6
    mret

    .balign 4096
root:
    .zero 4096
middle:
    .zero 4096
leaves:
    .zero 4096
data:
    .zero 4096
