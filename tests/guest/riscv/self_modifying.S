# Code is changed under way, on its own page, and in a function that ran often before.
# expect: a0 = 0x3e9
# expect: a1 = 0x7d0
    .option norvc
    li a0, 0
    li s0, 1000
1:  call adjust
    addi s0, s0, -1
    bnez s0, 1b
    mv a1, a0                       # 1000
    la t0, adjust
    li t1, 0x00150513               # addi a0, a0, 1: as it is
    sw t1, 0(t0)
    fence.i
    call adjust
    mv s1, a0                       # 1001
    li t1, 0x3e858593               # addi a1, a1, 1000
    sw t1, 0(t0)
    fence.i
    call adjust
    mv a0, s1
1:  wfi
    j 1b
    .balign 4
adjust:
    addi a0, a0, 1
    ret
