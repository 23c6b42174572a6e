// What the programs of this folder begin with. All harts run them.
#pragma once

#define UART 0x10000000
#define CLINT 0x2000000
#define OPEN_MEMORY li t5, -1; csrw pmpaddr0, t5; li t5, 0x1f; csrw pmpcfg0, t5
#define RESET li t5, 0x100000; li t6, 0x7777; sw t6, 0(t5)
#define STACK 0x80200000

// From machine mode to supervisor mode, with every exception delegated.
#define TO_SUPERVISOR \
    OPEN_MEMORY; li t5, -1; csrw medeleg, t5; li t5, 3 << 11; csrc mstatus, t5; li t5, 1 << 11; csrs mstatus, t5; \
    la t5, 9f; csrw mepc, t5; mret; 9:

    .section .text.start, "ax"
    .globl _start
_start:
    li sp, STACK
    j main
    .text
