# Word operations sign-extend, division by zero and its overflow give what the manual says.
# expect: a0 = 0xffffffff80000000
# expect: a1 = 0xffffffffffffffff
# expect: a2 = 0x8000000000000000
# expect: a3 = 0x0
# expect: a4 = 0xfffffffffffffffe
# expect: a5 = 0x1
# expect: a6 = 0xfffffffffffffff9
# expect: a7 = 0x10
    li t0, 0x7fffffff
    addiw a0, t0, 1
    li t1, 5
    div a1, t1, zero
    li t2, -1
    slli t3, t2, 63
    div a2, t3, t2
    rem a3, t3, t2
    mulhu a4, t2, t2
    sltu a5, t1, t2
    rem a6, t1, zero
    addi a6, a6, -12
    sraiw a7, t0, 27
    addi a7, a7, 1
1:  wfi
    j 1b
