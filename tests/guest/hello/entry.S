// Entry in machine mode, with all harts at once: a0 is the hart's number, a1 the device tree. Hart 0 runs main with a
// stack; the others count themselves in and sleep.
    .section .text.start, "ax"
    .globl _start, harts_arrived, trap_count, trap_cause
_start:
    la t0, trap
    csrw mtvec, t0
    bnez a0, other
    la sp, stack_end
    call hello_main
1:  wfi
    j 1b
other:
    la t0, harts_arrived
    li t1, 1
    amoadd.w zero, t1, (t0)
    csrw mie, zero
2:  wfi
    j 2b

    // Counts, remembers the cause, and skips the instruction; what traps on purpose is four bytes long.
    .balign 4
trap:
    csrw mscratch, t0
    addi sp, sp, -16
    sd t1, 0(sp)
    la t0, trap_count
    lw t1, 0(t0)
    addi t1, t1, 1
    sw t1, 0(t0)
    csrr t1, mcause
    la t0, trap_cause
    sd t1, 0(t0)
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    ld t1, 0(sp)
    addi sp, sp, 16
    csrr t0, mscratch
    mret

    .bss
    .balign 16
    .skip 16384
stack_end:
trap_cause:
    .dword 0
trap_count:
    .word 0
harts_arrived:
    .word 0
