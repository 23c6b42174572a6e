// A kernel for the debuggers' tests on PCs: it begins by PVH in 32-bit protected mode without paging, goes to 64-bit mode,
// counts, sets vector and x87 registers, and runs a program in ring 3 that ends the run through an interrupt,
// by port F4h.
#define CODE32 8
#define DATA 16
#define CODE64 24
#define USER_DATA (32 | 3)
#define USER_CODE (40 | 3)
#define TASK 48
#define TABLES 0x200000
#define STACK 0x180000

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

    .section .text.start, "ax"
    .code32
    .globl _start, before_paging, long_mode, count_up, user_program, finish_run, counter, task
    .type _start, @function
_start:
    movl $STACK, %esp
    call before_paging
    movl $TABLES + 0x1007, TABLES
    movl $TABLES + 0x2007, TABLES + 0x1000
    movl $0x87, TABLES + 0x2000
    movl $0x200087, TABLES + 0x2008
    movl %cr4, %eax
    orl $0x620, %eax // PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    andl $0xfffffffb, %eax
    orl $0x80000002, %eax
    movl %eax, %cr0
    lgdt gdtr
    ljmp $CODE64, $long_mode
    .size _start, . - _start

    .type before_paging, @function
before_paging:
    movl $0x1234, %ebx
    ret
    .size before_paging, . - before_paging

    .code64
    .type long_mode, @function
long_mode:
    movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movq $STACK, %rsp
    movw $TASK, %ax
    ltr %ax
    lidt idtr
    movq numbers, %xmm0
    movhpd numbers + 8, %xmm0
    fninit
    fld1
    fldpi
    call count_up
    call count_up
    pushq $USER_DATA
    pushq $STACK - 0x1000
    pushq $2
    pushq $USER_CODE
    pushq $user_program
    iretq
    .size long_mode, . - long_mode

    .type count_up, @function
count_up:
    pushq %rbp
    movq %rsp, %rbp
    addl $1, counter
    popq %rbp
    ret
    .size count_up, . - count_up

    .type user_program, @function
user_program:
    movl $0x55, %ebx
    addl $0x10, %ebx
    int $0x30
    .size user_program, . - user_program

    .type finish_run, @function
finish_run:
    xorl %eax, %eax
    outb %al, $0xf4
1:  jmp 1b
    .size finish_run, . - finish_run

    .data
    .balign 16
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff, 0x00cff2000000ffff, 0x00affa000000ffff
    .short 103, task_low, task_rights, 0 // busy bit clear; the linker script has the parts of addresses
    .quad 0
gdtr:
    .short 63
    .quad gdt
    .balign 16
numbers:
    .quad 0x1122334455667788, 0x99aabbccddeeff00
task:
    .long 0
    .quad STACK - 0x2000
    .fill 92, 1, 0
    .balign 16
idt:
    .fill 0x30 * 2, 8, 0
    .short finish_low, CODE64, 0xee00, finish_high
    .quad 0
idtr:
    .short . - idt - 1
    .quad idt
counter:
    .long 0
    .type counter, @object
    .size counter, 4
