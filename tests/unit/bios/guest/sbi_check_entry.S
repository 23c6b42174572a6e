// Entries of sbi_check.c. A trap is noted in last_cause and its instruction, four bytes long, is skipped.
    .section .text.start, "ax"
    .globl _start, entry_for_others, entry_for_resume, last_cause
    .macro enter function
    la t0, trap
    csrw stvec, t0
    la sp, stacks
    addi t0, a0, 1
    slli t0, t0, 12
    add sp, sp, t0
    call \function
1:  j 1b
    .endm
_start:
    enter guest_main
entry_for_others:
    enter other_main
entry_for_resume:
    enter resumed

    .balign 4
trap:
    csrw sscratch, t0
    addi sp, sp, -16
    sd t1, 0(sp)
    csrr t0, scause
    la t1, last_cause
    sd t0, 0(t1)
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    ld t1, 0(sp)
    addi sp, sp, 16
    csrr t0, sscratch
    sret

    .data
    .balign 8
last_cause:
    .dword 0
    .bss
    .balign 16
stacks:
    .skip 8 * 4096
