// What the programs of this folder begin with: a kernel by PVH that sets up segments, gates, a task and, where asked
// for, paging, and goes to `main` in the mode that the program has defined:
//
//   #define MODE 64  64-bit code of ring 0, with the first 4 MiB mapped to themselves and open to the user
//   #define MODE 32  protected mode without paging; also for what runs virtual-8086 code
//   #define MODE 16  real mode, all segments at 0
//
// A program is a row of cases, each of which is to raise one exception or several, or none:
//
//   CASE "name"       a fresh stack, plain flags
//   ...               what prepares it
//   AT                the instruction in question comes next
//   divl %ecx
//   END               "name: nothing" if it gets here without an exception
//
// Every exception makes a line at the debug console, port 402h:
//
//   name: #GP(18) fault ring 0 RF main-20 cr2 0 dr6 0
//
// the vector with the error code; whether the pushed address is that of the instruction ("fault"), the one behind it
// ("trap") or another ("at+5", "to 40000000"); the pushed CS's privilege, or v86; pushed flags, if set; the handler's stack and how deep
// the frame reaches below its top; CR2 of a page fault, and DR6 of a debug exception. Then the program goes on behind
// END. After RETURNS n, the next n exceptions of the case return from the handler instead.
//
// SHOW "name", %eax tells a number; FINISH ends the program.
#pragma once

#define CODE32 0x08
#define DATA 0x10
#define CODE64 0x18
#define DATA_BESIDE_CODE64 0x20
#define USER_CODE32 0x2b
#define USER_DATA 0x33
#define USER_CODE64 0x3b
#define TASK 0x40
#define ABSENT_DATA 0x50
#define ABSENT_CODE 0x58
#define READ_ONLY 0x60
#define SMALL_DATA 0x68 /* 8 KiB: up to the end of the main stack */
#define CODE16 0x70
#define DATA16 0x78
#define CONFORMING 0x80
#define EXECUTE_ONLY 0x88
#define FREE 0x90 /* for programs; seven more behind it */

// Stacks of a page each, from the lowest on; names in stack_names.
#define STACKS 0x1000
#define MAIN_STACK 0x2000
#define USER_STACK 0x3000
#define INNER_STACK 0x4000
#define IST1_STACK 0x5000
#define IST2_STACK 0x6000
#define OTHER_STACK 0x7000

#define TABLES 0x200000
#define NOWHERE 0x40000000 /* no page is there */

#if MODE == 64
#define A_CODE CODE64
#define USER_CODE USER_CODE64
#define GATE_BYTES 16
#define WORD_BYTES 8
#else
#define A_CODE CODE32
#define USER_CODE USER_CODE32
#define GATE_BYTES 8
#define WORD_BYTES 4
#endif
#define GATES 64
#define OPEN_GATE 0x30 /* DPL 3, as those of #BP, #OF and NOTHING */
#define NOTHING 0x3f   /* what END raises */

// ---- the program's macros

#if MODE == 64
#define STACK_POINTER %rsp
#define PUSH pushq
#define POPF popfq
#define INTERRUPT_RETURN iretq
#elif MODE == 32
#define STACK_POINTER %esp
#define PUSH pushl
#define POPF popfl
#define INTERRUPT_RETURN iretl
#else
#define STACK_POINTER %esp
#define PUSH pushw
#define POPF popfw
#define INTERRUPT_RETURN iretw
#endif

    .macro CASE name
    .section .data.names, "aw"
.Lname\@: .asciz "\name"
    .text
    movl $.Lname\@, case_name
    movl $0, case_returns
    AT
    mov $MAIN_STACK, STACK_POINTER
    PUSH $2
    POPF
    .endm

    .macro AT
    AIM
773:
    .endm

// The same for an instruction further on, at a label 773.
    .macro AIM
    movl $773f, case_at
    movl $771f, case_after
    movl $772f, case_resume
    .endm

    .macro RETURNS count
    movl $\count, case_returns
    .endm

    .macro END
771: int $NOTHING
772:
    .endm

    .macro SHOW name, value:vararg
    .section .data.names, "aw"
.Lname\@: .asciz "\name"
    .text
    mov \value, shown
    movl $.Lname\@, case_name
    call show
    .endm

    .macro FINISH
    movb $0x10, %al
    outb %al, $0xf4
774: hlt
    jmp 774b
    .endm

// A gate of the table to `target`, through `selector`; `rights` as in the byte that holds P, DPL and type.
    .macro GATE vector, target, rights = 0x8e, selector = A_CODE, stack = 0
    movl $\target, %eax
    movw %ax, idt + GATE_BYTES * \vector
    shrl $16, %eax
    movw %ax, idt + GATE_BYTES * \vector + 6
    movw $\selector, idt + GATE_BYTES * \vector + 2
    movw $(\rights << 8 | \stack), idt + GATE_BYTES * \vector + 4
    .endm

// To privilege 3. In 64-bit mode data segments stay as they are.
    .macro TO_USER label, flags = 2
    PUSH $USER_DATA
    PUSH $USER_STACK
    PUSH $\flags
    PUSH $USER_CODE
    PUSH $\label
#if MODE == 32
    movw $USER_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
#endif
    INTERRUPT_RETURN
    .endm

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
    ljmp $CODE32, $1f
1:  movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $MAIN_STACK, %esp
    movl %cr0, %eax
    andl $~0x4000000c, %eax // CD, TS and EM off
    orl $0x22, %eax // NE, MP
    movl %eax, %cr0
    movl $0x600, %eax // OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    fninit

#if MODE == 64
    movl $TABLES, %edi
    movl $0x4000, %ecx
    xorl %eax, %eax
    rep stosb
    movl $TABLES + 0x1007, TABLES
    movl $TABLES + 0x2007, TABLES + 0x1000
    movl $TABLES + 0x3007, TABLES + 0x2000
    movl $0x200087, TABLES + 0x2008
    movl $0x7, %eax
    movl $TABLES + 0x3000, %edi // 4 KiB pages
1:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x1000, %eax
    cmpl $TABLES + 0x4000, %edi
    jne 1b
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x901, %eax // LME, NXE, SCE
    wrmsr
    movl %cr0, %eax
    orl $0x80010000, %eax // PG, WP
    movl %eax, %cr0
    ljmp $CODE64, $1f
    .code64
1:
#endif

#if MODE == 16
    ljmp $CODE16, $1f
    .code16
1:  movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    lidt real_idtr
    movl $stubs, %eax
    xorl %ebx, %ebx
1:  movw %ax, (%ebx)
    movw $0, 2(%ebx)
    addl $16, %eax
    addl $4, %ebx
    cmpl $4 * GATES, %ebx
    jne 1b
#else
    movl $stubs, %eax
    movl $idt, %ebx
1:  movl %eax, (%ebx)
    movl %eax, 4(%ebx)
    movw $A_CODE, 2(%ebx)
    movw $0x8e00, 4(%ebx)
    addl $16, %eax
    addl $GATE_BYTES, %ebx
    cmpl $idt + GATE_BYTES * GATES, %ebx
    jne 1b
    movb $0xee, idt + GATE_BYTES * 3 + 5
    movb $0xee, idt + GATE_BYTES * 4 + 5
    movb $0xee, idt + GATE_BYTES * OPEN_GATE + 5
    movb $0xee, idt + GATE_BYTES * NOTHING + 5
    lidt idtr
    movl $task, %eax
    movw %ax, gdt + TASK + 2
    shrl $16, %eax
    movb %al, gdt + TASK + 4
    movw $TASK, %ax
    ltr %ax
#endif
    jmp main

// ---- the handler. Each stub takes 16 bytes.

    .balign 16
stubs:
    .set vector, 0
    .rept GATES
    .balign 16, 0x90
    .if vector == 8 || vector == 10 || vector == 11 || vector == 12 || vector == 13 || vector == 14 || vector == 17
    .if MODE == 16
    pushw $0
    .endif
    .else
    PUSH $0
    .endif
    PUSH $vector
    jmp caught
    .set vector, vector + 1
    .endr

// Takes a field of the frame, number `index` from the vector on, to `to`.
    .macro TAKE index, to
#if MODE == 64
    movq (15 + \index) * 8(%rsp), %rax
    movq %rax, \to
#elif MODE == 32
    movl (8 + \index) * 4(%esp), %eax
    movl %eax, \to
#else
    movzwl 32 + \index * 2(%esp), %eax
    movl %eax, \to
#endif
    .endm

caught:
#if MODE == 64
    pushq %rax; pushq %rbx; pushq %rcx; pushq %rdx; pushq %rsi; pushq %rdi; pushq %rbp; pushq %r8
    pushq %r9; pushq %r10; pushq %r11; pushq %r12; pushq %r13; pushq %r14; pushq %r15
#elif MODE == 32
    pushal
    movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
#else
    pushal
#endif
    cld
    TAKE 0, taken_vector
    TAKE 1, taken_error
    TAKE 2, taken_pc
    TAKE 3, taken_code
    TAKE 4, taken_flags
#if MODE == 64
    leaq 17 * 8(%rsp), %rax
#elif MODE == 32
    leal 10 * 4(%esp), %eax
#else
    leal 36(%esp), %eax
#endif
    movl %eax, taken_stack
    movl taken_vector, %eax
#if MODE != 16
    movl $0x27d00, %ebx // those with an error code
    btl %eax, %ebx
    jnc 1f
    cmpl $32, %eax
    jae 1f
    subl $WORD_BYTES, taken_stack
#endif
1:  movl $0x402, %edx
    movl case_name, %esi
    call print_text
    movl $colon_text, %esi
    call print_text
    movl taken_vector, %eax
    cmpl $NOTHING, %eax
    je nothing
    movl $interrupt_text, %esi
    cmpl $20, %eax
    jae 1f
    shll $2, %eax
    addl $vector_names, %eax
    movl %eax, %esi
    movb $'#', %al
    outb %al, %dx
    movb (%esi), %al
    outb %al, %dx
    movb 1(%esi), %al
    outb %al, %dx
    movl $empty_text, %esi
    cmpl $2, taken_vector // NMI has three letters
    jne 2f
    movl $nmi_text, %esi
2:  call print_text
    jmp 2f
1:  call print_text
    movl taken_vector, %eax
    call print_number
2:
#if MODE != 16
    movl taken_vector, %eax
    cmpl $32, %eax
    jae 1f
    movl $0x27d00, %ebx
    btl %eax, %ebx
    jnc 1f
    movb $'(', %al
    outb %al, %dx
    movl taken_error, %eax
    call print_number
    movb $')', %al
    outb %al, %dx
#endif
1:  movl taken_pc, %eax
    movl $fault_text, %esi
    cmpl case_at, %eax
    je 1f
    movl $trap_text, %esi
    cmpl case_after, %eax
    je 1f
    movl $at_text, %esi
    subl case_at, %eax
    cmpl $0x1000, %eax
    jb 2f
    movl $to_text, %esi
    movl taken_pc, %eax
2:  movl %eax, shown
    call print_text
    movl shown, %eax
    call print_number
    movl $empty_text, %esi
1:  call print_text
#if MODE != 16
    movl $ring_text, %esi
    testl $0x20000, taken_flags
    jz 1f
    movl $v86_text, %esi
1:  call print_text
    testl $0x20000, taken_flags
    jnz 1f
    movl taken_code, %eax
    andl $3, %eax
    call print_number
1:
#endif
    movl $flag_names, %esi
1:  movl (%esi), %ebx
    testl %ebx, %ebx
    jz 2f
    addl $4, %esi
    testl %ebx, taken_flags
    jz 3f
    call print_text
3:  cmpb $0, (%esi)
    leal 1(%esi), %esi
    jne 3b
    jmp 1b
2:  movl taken_stack, %ebp
    movl %ebp, %eax
    decl %eax
    andl $-0x1000, %eax
    leal 0x1000(%eax), %ebx
    shrl $9, %eax
    leal stack_names - (STACKS >> 9)(%eax), %esi
    call print_text
    movl %ebx, %eax
    subl %ebp, %eax
    call print_number
    cmpl $14, taken_vector
    jne 1f
    movl $cr2_text, %esi
    call print_text
#if MODE == 64
    movq %cr2, %rax
    movl %eax, %ebp
    shrq $32, %rax
    jz 2f
    call print_number
    movb $'_', %al
    outb %al, %dx
2:  movl %ebp, %eax
#else
    movl %cr2, %eax
#endif
    call print_number
1:  cmpl $1, taken_vector
    jne 1f
    movl $dr6_text, %esi
    call print_text
#if MODE == 64
    movq %dr6, %rax
#else
    movl %dr6, %eax
#endif
    andl $0xf00f, %eax
    call print_number
    movl $0xffff0ff0, %eax
#if MODE == 64
    movq %rax, %dr6
#else
    movl %eax, %dr6
#endif
1:  movb $'\n', %al
    outb %al, %dx
    cmpl $0, case_returns
    je leave
    decl case_returns
#if MODE == 64
    popq %r15; popq %r14; popq %r13; popq %r12; popq %r11; popq %r10; popq %r9; popq %r8
    popq %rbp; popq %rdi; popq %rsi; popq %rdx; popq %rcx; popq %rbx; popq %rax
    addq $16, %rsp
#elif MODE == 32
    testl $0x20000, taken_flags
    jnz 1f
    testl $3, taken_code
    jz 1f
    movw $USER_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
1:  popal
    addl $8, %esp
#else
    popal
    addw $4, %sp
#endif
    INTERRUPT_RETURN

nothing:
    movl $nothing_text, %esi
    call print_text
leave:
    mov $MAIN_STACK, STACK_POINTER
#if MODE == 64
    movl case_resume, %eax
    jmp *%rax
#elif MODE == 32
    movw $DATA, %ax
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    jmp *case_resume
#else
    jmp *case_resume
#endif

// ---- printing. %edx is the port; %eax, %ebx, %ecx and %esi are lost.

print_text:
    movb (%esi), %al
    testb %al, %al
    jz 1f
    outb %al, %dx
    incl %esi
    jmp print_text
1:  ret

// %eax in hexadecimal.
print_number:
    movl %eax, printed
    movl $32, %ecx
1:  subl $4, %ecx
    jz 2f
    movl printed, %eax
    shrl %cl, %eax
    jz 1b
2:  movl printed, %eax
    shrl %cl, %eax
    andl $15, %eax
    movb digits(%eax), %al
    outb %al, %dx
    testl %ecx, %ecx
    jz 1f
    subl $4, %ecx
    jmp 2b
1:  ret

// What is at `shown`, with the case's name.
show:
    movl $0x402, %edx
    movl case_name, %esi
    call print_text
    movl $colon_text, %esi
    call print_text
    movl shown, %eax
    call print_number
    movb $'\n', %al
    outb %al, %dx
    ret

    .data
digits: .ascii "0123456789abcdef"
vector_names:
    .ascii "DE  DB  NM  BP  OF  BR  UD  NM  DF  ??  TS  NP  SS  GP  PF  ??  MF  AC  MC  XM  "
nmi_text: .asciz "I"
interrupt_text: .asciz "int "
colon_text: .asciz ": "
fault_text: .asciz " fault"
trap_text: .asciz " trap"
at_text: .asciz " at+"
to_text: .asciz " to "
ring_text: .asciz " ring "
v86_text: .asciz " v86"
cr2_text: .asciz " cr2 "
dr6_text: .asciz " dr6 "
nothing_text: .asciz "nothing\n"
empty_text: .asciz ""
flag_names:
    .long 0x10000
    .asciz " RF"
    .long 0x100
    .asciz " TF"
    .long 0x200
    .asciz " IF"
    .long 0x4000
    .asciz " NT"
    .long 0x40000
    .asciz " AC"
    .long 0x400
    .asciz " DF"
    .long 0
    .balign 8
stack_names: // 8 bytes each
    .asciz " main-"; .balign 8
    .asciz " user-"; .balign 8
    .asciz " inner-"; .balign 8
    .asciz " ist1-"; .balign 8
    .asciz " ist2-"; .balign 8
    .asciz " other-"; .balign 8
    .balign 4
case_name: .long 0
case_at: .long 0
case_after: .long 0
case_resume: .long 0
case_returns: .long 0
shown: .quad 0
printed: .long 0
taken_vector: .quad 0
taken_error: .quad 0
taken_pc: .quad 0
taken_code: .quad 0
taken_flags: .quad 0
taken_stack: .quad 0

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff // CODE32
    .quad 0x00cf92000000ffff // DATA
    .quad 0x00af9a000000ffff // CODE64
    .quad 0x00cf92000000ffff // DATA_BESIDE_CODE64
    .quad 0x00cffa000000ffff // USER_CODE32
    .quad 0x00cff2000000ffff // USER_DATA
    .quad 0x00affa000000ffff // USER_CODE64
    .quad 0x0000890000000000 + task_limit, 0 // TASK
    .quad 0x00cf12000000ffff // ABSENT_DATA
    .quad 0x00cf1a000000ffff // ABSENT_CODE
    .quad 0x00cf90000000ffff // READ_ONLY
    .quad 0x0040920000001fff // SMALL_DATA
    .quad 0x00009a000000ffff // CODE16
    .quad 0x000092000000ffff // DATA16
    .quad 0x00cf9e000000ffff // CONFORMING
    .quad 0x00cf98000000ffff // EXECUTE_ONLY
    .fill 8, 8, 0 // FREE
gdt_end:
gdtr:
    .word gdt_end - gdt - 1
    .long gdt, 0
idtr:
    .word GATE_BYTES * GATES - 1
    .long idt, 0
real_idtr:
    .word 4 * GATES - 1
    .long 0
    .balign 16
idt:
    .fill GATES * GATE_BYTES / 8, 8, 0

    .balign 16
task:
#if MODE == 64
    .long 0
    .quad INNER_STACK, 0, 0 // RSP0 to RSP2
    .quad 0
    .quad IST1_STACK, IST2_STACK, 0, 0, 0, 0, 0
    .quad 0
    .word 0, task_end - task // no I/O permission bitmap
#else
    .long 0
    .long INNER_STACK, DATA, 0, 0, 0, 0
    .fill 18, 4, 0
    .word 0, task_end - task
#endif
task_end:
    .set task_limit, task_end - task - 1
    .text
#if MODE == 64
    .code64
#elif MODE == 16
    .code16
#else
    .code32
#endif
