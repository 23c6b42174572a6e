# Exceptions leave the state as it was before the instruction, and say where and why. Each is noted as cause + 1 in a nibble.
# expect: a0 = 0x36849
# expect: a1 = 0x123
# expect: a2 = 0x10
# expect: a3 = 0x0
# expect: a4 = 0x4
# expect: a5 = 0x77
    la t0, handler
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li a0, 0
    li a5, 0x77
    .word 0xffffffff                # illegal: 2
    csrr t1, mtval
    li a1, 0x123
    li t0, 0x10
    lw a5, 0(t0)                    # nothing there: 5
    csrr a2, mtval
    sd a5, 0(zero)                  # 7
    .option push
    .option norvc
    ebreak                          # 3
    .option pop
after_ebreak:
    csrr a4, mtval
    la t1, after_ebreak
    sub a4, t1, a4                  # the trap value was the ebreak's address
    li t0, 3 << 11
    csrc mstatus, t0                # previous privilege: user
    la t0, user
    csrw mepc, t0
    mret
user:
    ecall                           # 8
    csrr a3, mstatus                # illegal here: 2
    li a3, 0
    unimp                           # never reached: the handler ends it

    .balign 4
handler:
    csrr t5, mcause
    addi s1, s1, 1
    csrr t6, mepc
    addi t6, t6, 4
    li t4, 5
    bgtu s1, t4, last
    slli a0, a0, 4
    addi t5, t5, 1
    or a0, a0, t5
    csrw mepc, t6
    mret
last:
    wfi
    j last
