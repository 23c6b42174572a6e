// What the programs of this folder begin with: a kernel by PVH, entered in 32-bit protected mode without paging, with
// flat segments, interrupts off, and IDTR as after a reset. `main` is entered with a stack and a GDT of our own.
#pragma once

#define CODE 8
#define DATA 16
#define CODE64 24
#define TABLES 0x200000
#define STACK 0x180000

// A gate of 32 bits in `table`, to `target` through `selector`; `rights` as in the byte that holds P, DPL and type.
#define GATE(table, vector, selector, target, rights) \
    movl $target, %eax; movw %ax, table + 8 * vector; shrl $16, %eax; movw %ax, table + 8 * vector + 6; \
    movw $selector, table + 8 * vector + 2; movw $rights << 8, table + 8 * vector + 4
#define PRESENT 0x8e
#define ABSENT 0x0e

// Loads an IDT at `table` with `entries` gates.
#define LOAD_IDT(table, entries) \
    movw $entries * 8 - 1, idtr; movl $table, idtr + 2; lidt idtr

// Paging by 4 MiB pages, 32-bit: the page directory at TABLES maps the first 4 MiB to themselves.
#define PAGING \
    movl $0x83, TABLES; movl %cr4, %eax; orl $0x10, %eax; movl %eax, %cr4; \
    movl $TABLES, %eax; movl %eax, %cr3; movl %cr0, %eax; orl $0x80000000, %eax; movl %eax, %cr0

// 64-bit mode by 2 MiB pages: PML4 at TABLES, the first 2 MiB mapped, RSP at STACK, no IDT yet.
#define LONG_MODE \
    movl $TABLES + 0x1003, TABLES; movl $TABLES + 0x2003, TABLES + 0x1000; movl $0x83, TABLES + 0x2000; \
    movl %cr4, %eax; orl $0x20, %eax; movl %eax, %cr4; movl $TABLES, %eax; movl %eax, %cr3; \
    movl $0xc0000080, %ecx; rdmsr; orl $0x100, %eax; wrmsr; \
    movl %cr0, %eax; orl $0x80000000, %eax; movl %eax, %cr0; ljmp $CODE64, $1f; .code64; 1: \
    movw $DATA, %ax; movw %ax, %ss; movw %ax, %ds; movw %ax, %es

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

    .section .text.start, "ax"
    .code32
    .globl _start
_start:
    lgdt gdtr
    ljmp $CODE, $1f
1:  movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $STACK, %esp
    jmp main

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
    .quad 0x00af9a000000ffff
gdt_end:
gdtr:
    .word gdt_end - gdt - 1
    .long gdt
idtr:
    .word 0
    .long 0, 0
    .balign 16
idt:
    .fill 512, 8, 0
    .text
