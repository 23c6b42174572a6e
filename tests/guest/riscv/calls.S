# Recursion: calls, returns, the stack. The 20th Fibonacci number.
# expect: a0 = 0x1a6d
# expect: sp = 0x80100000
    li sp, 0x80100000
    li a0, 20
    call fibonacci
1:  wfi
    j 1b

fibonacci:
    li t0, 2
    bltu a0, t0, 1f
    addi sp, sp, -32
    sd ra, 24(sp)
    sd s0, 16(sp)
    sd s1, 8(sp)
    mv s0, a0
    addi a0, s0, -1
    call fibonacci
    mv s1, a0
    addi a0, s0, -2
    call fibonacci
    add a0, a0, s1
    ld ra, 24(sp)
    ld s0, 16(sp)
    ld s1, 8(sp)
    addi sp, sp, 32
1:  ret
