// What the programs of this folder share. They run in machine mode from the start of RAM.
#pragma once

#define FINISHER 0x100000
#define PASS 0x5555
#define RESTART 0x7777

// Interrupt causes aside, every trap goes on behind the instruction that raised it. All instructions have four bytes.
#define SKIP_TRAPS la t0, skip; csrw mtvec, t0
#define SKIP_HANDLER \
    .balign 4; skip: csrw mscratch, t0; csrr t0, mepc; addi t0, t0, 4; csrw mepc, t0; csrr t0, mscratch; mret
#define END(verdict) li t0, FINISHER; li t1, verdict; sw t1, 0(t0); 1: j 1b
// A PMP entry that lets the other modes at all memory.
#define OPEN_MEMORY li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0

    .option norvc
    .text
    .globl _start
_start:
