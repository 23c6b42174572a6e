# Instructions at and across the end of a page, often enough to be linked and remembered.
# expect: a0 = 0x64
# expect: a1 = 0xc8
# expect: a2 = 0x12345678
    li a0, 0
    li a1, 0
    li s0, 100
    la t0, across
1:  jalr t0
    addi s0, s0, -1
    bnez s0, 1b
2:  wfi
    j 2b
    .balign 4096
    .zero 4090
across:
    c.addi a0, 1                    # 4090
    c.addi a1, 1                    # 4092
    .option push
    .option norvc
    .option arch, +c
    c.addi a1, 1                    # 4094: the page's last
    .option pop
    .option norvc
    lui a2, 0x12345
    addi a2, a2, 0x678
    ret
