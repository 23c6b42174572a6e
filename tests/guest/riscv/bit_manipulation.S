# Zba, Zbb, Zbs.
# expect: a0 = 0x0807060504030201
# expect: a1 = 0xff00ffffff0000ff
# expect: a2 = 0x123456798
# expect: a3 = 0x3
# expect: a4 = 0x20
# expect: a5 = 0xffffffffc0000000
# expect: a6 = 0x8000000000000000
# expect: a7 = 0xffffffffffffff80
    li t0, 0x0102030405060708
    rev8 a0, t0
    li t2, 0x0100ff8001000001
    orc.b a1, t2
    li t4, 0xffffffff00000008
    add.uw a2, t4, zero
    li t6, 0x48d159e4
    sh2add a2, t6, a2
    li t0, 0x7000
    cpop a3, t0
    clzw a4, zero
    li t0, 3
    roriw a5, t0, 2
    bseti a6, zero, 63
    li t0, 0x80
    sext.b a7, t0
1:  wfi
    j 1b
