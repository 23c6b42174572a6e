# Atomic operations yield the old value; a store-conditional needs a reservation, and uses it up.
# expect: a0 = 0xffffffff80000000
# expect: a1 = 0xffffffff80000005
# expect: a2 = 0x0
# expect: a3 = 0x1
# expect: a4 = 0x1234
# expect: a5 = 0x6
# expect: a6 = 0x2
# expect: a7 = 0xffffffffffffffff
    la s0, cell
    li t0, 0x80000000
    sw t0, 0(s0)
    li t1, 5
    amoadd.w a0, t1, (s0)
    lw a1, 0(s0)
    lr.w t2, (s0)
    li t3, 0x1234
    sc.w a2, t3, (s0)
    sc.w a3, t1, (s0)
    lw a4, 0(s0)
    la t0, handler
    csrw mtvec, t0
    li s1, 0
    addi t4, s0, 2
    lr.w t2, (t4)                   # misaligned
    sc.w t2, t1, (t4)
    mv a5, t5                       # store address misaligned
    mv a6, s1
    li t0, -1
    srli t0, t0, 1
    sd t0, 0(s0)
    li t1, -1
    amomaxu.d t2, t1, (s0)
    amomin.d a7, t0, (s0)           # the unsigned maximum is the signed minimum of the two
1:  wfi
    j 1b

    .balign 4
handler:
    csrr t5, mcause
    addi s1, s1, 1
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
    .balign 8
cell:
    .dword 0
