# Rounding, flags, NaN boxing, saturation, and what is illegal about rounding modes.
# expect: a0 = 0x3fd5555555555555
# expect: a1 = 0x1
# expect: a2 = 0x3fd5555555555556
# expect: a3 = 0x7fffffffffffffff
# expect: a4 = 0x10
# expect: a5 = 0x7fc00000
# expect: a6 = 0x2
# expect: a7 = 0x6000
# expect: s2 = 0x2
# expect: s3 = 0x8
    la t0, handler
    csrw mtvec, t0
    li s2, 0
    fadd.d f0, f1, f2               # FS is Off: illegal
    li t0, 1 << 13
    csrs mstatus, t0
    li t0, 1
    li t1, 3
    fcvt.d.l f1, t0
    fcvt.d.l f2, t1
    fdiv.d f3, f1, f2
    fmv.x.d a0, f3
    csrrwi a1, fflags, 0            # inexact
    csrwi frm, 3                    # up
    fdiv.d f3, f1, f2
    csrwi frm, 0
    fmv.x.d a2, f3
    csrwi fflags, 0
    fdiv.d f4, f1, f31              # 1 / 0
    fcvt.l.d a3, f4                 # infinity saturates, invalid
    csrr a4, fflags
    csrrci s3, fflags, 0x10
    andi a4, a4, 0x10
    andi s3, s3, 0x8
    fcvt.s.l f5, t1
    fmv.d.x f6, t1                  # not boxed: reads as a NaN
    fadd.s f7, f5, f6
    fmv.x.w a5, f7
    csrwi frm, 5                    # reserved
    fadd.d f0, f1, f2               # so dynamic rounding is illegal
    fadd.d f0, f1, f2, rtz          # and static isn't
    csrwi frm, 0
    mv a6, s2
    csrr a7, mstatus
    li t0, 3 << 13
    and a7, a7, t0
1:  wfi
    j 1b

    .balign 4
handler:                            # counts illegal instructions and skips them
    csrr t6, mcause
    addi t6, t6, -2
    bnez t6, 1b
    addi s2, s2, 1
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
