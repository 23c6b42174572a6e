// Exceptions in real-address mode (SDM 3A 21.1.4): vectors in the table at 0, frames of three words, no error codes.
// An operand beyond a segment's 64 KiB is #GP, on the stack #SS; what needs protected mode is #UD, but sysenter #GP
// (SDM 2, SYSENTER).
// expect: div by zero: #DE fault main-6
// expect: int1: #DB trap main-6 dr6 0
// expect: int3: #BP trap main-6
// expect: into: #OF trap main-6
// expect: bound: #BR fault main-6
// expect: ud2: #UD fault main-6
// expect: int 30 with IF: int 30 trap IF main-6
// expect: x87 with EM: #NM fault main-6
// expect: lldt: #UD fault main-6
// expect: ltr: #UD fault main-6
// expect: str: #UD fault main-6
// expect: lar: #UD fault main-6
// expect: arpl: #UD fault main-6
// expect: sysenter: #GP fault main-6
// expect: word at ffff: #GP fault main-6
// expect: dword at fffd: #GP fault main-6
// expect: byte at 10000: #GP fault main-6
// expect: word on the stack at ffff: #SS fault main-6
// expect: jump beyond the segment: #GP fault main-6
// expect: vector beyond IDT: #GP fault main-6
// expect: rdmsr unknown: #GP fault main-6
// expect: CR0 with PG alone: #GP fault main-6
// expect: CR0 with NW alone: #GP fault main-6
// expect: CR4 unknown: #GP fault main-6
// expect: x87 unmasked: #MF fault main-6
// expect: sse unmasked: #XM fault main-6
// expect: movaps unaligned: #GP fault main-6
// expect: instruction of 16 bytes: #GP fault main-6
// expect: vmovaps: #UD fault main-6
#define MODE 16
#include "guest.h"
main:
    CASE "div by zero"
    xorl %ecx, %ecx
    AT
    divl %ecx
    END
    CASE "int1"
    AT
    .byte 0xf1
    END
    CASE "int3"
    AT
    int3
    END
    CASE "into"
    pushw $0x802
    popfw
    AT
    into
    END
    CASE "bound"
    movw $10, %ax
    AT
    bound %ax, bounds
    END
    CASE "ud2"
    AT
    ud2
    END
    movb $0xff, %al // no interrupts from outside
    outb %al, $0x21
    outb %al, $0xa1
    CASE "int 30 with IF"
    sti
    nop
    AT
    int $0x30
    END
    CASE "x87 with EM"
    movl %cr0, %eax
    orb $4, %al
    movl %eax, %cr0
    AT
    fldz
    END
    movl %cr0, %eax
    andb $~4, %al
    movl %eax, %cr0
    CASE "lldt"
    AT
    lldt %ax
    END
    CASE "ltr"
    AT
    ltr %ax
    END
    CASE "str"
    AT
    str %ax
    END
    CASE "lar"
    AT
    lar %ax, %ax
    END
    CASE "arpl"
    AT
    arpl %ax, %ax
    END
    CASE "sysenter"
    AT
    sysenter
    END
    CASE "word at ffff"
    AT
    movw 0xffff, %ax
    END
    CASE "dword at fffd"
    AT
    movl 0xfffd, %eax
    END
    CASE "byte at 10000"
    movl $0x10000, %ebx
    AT
    movb (%ebx), %al
    END
    CASE "word on the stack at ffff"
    AT
    movw %ss:0xffff, %ax
    END
    CASE "jump beyond the segment"
    AT
    ljmpl $0, $0x10000
    END
    CASE "vector beyond IDT"
    AT
    int $0x80
    END
    CASE "rdmsr unknown"
    movl $0x12345678, %ecx
    AT
    rdmsr
    END
    CASE "CR0 with PG alone"
    movl %cr0, %eax
    orl $0x80000000, %eax
    AT
    movl %eax, %cr0
    END
    CASE "CR0 with NW alone"
    movl %cr0, %eax
    orl $0x20000000, %eax
    AT
    movl %eax, %cr0
    END
    CASE "CR4 unknown"
    movl %cr4, %eax
    orl $0x80000000, %eax
    AT
    movl %eax, %cr4
    END
    CASE "x87 unmasked"
    movw $0x37b, shown
    fldcw shown
    fldz
    fld1
    fdivp
    AT
    fldz
    END
    fnclex
    fninit
    CASE "sse unmasked"
    movl $0x1d80, shown
    ldmxcsr shown
    xorps %xmm0, %xmm0
    movl $1, %eax
    cvtsi2ss %eax, %xmm1
    AT
    divss %xmm0, %xmm1
    END
    CASE "movaps unaligned"
    AT
    movaps STACKS + 4, %xmm0
    END
    CASE "instruction of 16 bytes"
    AT
    .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
    END
    CASE "vmovaps" // a register form, which is no LDS either
    AT
    .byte 0xc5, 0xf8, 0x28, 0xc0
    END
    FINISH
    .data
bounds: .word 0, 9
    .text
