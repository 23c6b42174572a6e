// The exceptions of 64-bit code (SDM 3A 6.15), raised by privilege 0: 64-bit mode always pushes SS and RSP, on a stack
// that it aligns (6.14.2), so frames have 28h bytes, or 30h with an error code. Faults have RF set (17.3.1.1).
// expect: div by zero: #DE fault ring 0 RF main-28
// expect: idiv overflow: #DE fault ring 0 RF main-28
// expect: int1: #DB trap ring 0 main-28 dr6 0
// expect: int3: #BP trap ring 0 main-28
// expect: int 3: #BP trap ring 0 main-28
// expect: int 4: #OF trap ring 0 main-28
// expect: into: #UD fault ring 0 RF main-28
// expect: bound: #UD fault ring 0 RF main-28
// expect: ud2: #UD fault ring 0 RF main-28
// expect: lock nop: #UD fault ring 0 RF main-28
// expect: lock add reg: #UD fault ring 0 RF main-28
// expect: mov to cs: #UD fault ring 0 RF main-28
// expect: far jump direct: #UD fault ring 0 RF main-28
// expect: pusha: #UD fault ring 0 RF main-28
// expect: x87 with EM: #NM fault ring 0 RF main-28
// expect: sse with EM: #UD fault ring 0 RF main-28
// expect: x87 with TS: #NM fault ring 0 RF main-28
// expect: sse with TS: #NM fault ring 0 RF main-28
// expect: fwait with TS and MP: #NM fault ring 0 RF main-28
// expect: fwait with TS alone: nothing
// expect: sse without OSFXSR: #UD fault ring 0 RF main-28
// expect: sse unmasked without OSXMMEXCPT: #UD fault ring 0 RF main-28
// expect: gate absent: #NP(132) fault ring 0 RF main-30
// expect: gate beyond IDT: #GP(402) fault ring 0 RF main-30
// expect: gate of type 0: #GP(18a) fault ring 0 RF main-30
// expect: ds absent: #NP(50) fault ring 0 RF main-30
// expect: ss absent: #SS(50) fault ring 0 RF main-30
// expect: ds beyond GDT: #GP(1f8) fault ring 0 RF main-30
// expect: ds in LDT: #GP(14) fault ring 0 RF main-30
// expect: ss with RPL 3: #GP(30) fault ring 0 RF main-30
// expect: ss read-only: #GP(60) fault ring 0 RF main-30
// expect: ds execute-only: #GP(88) fault ring 0 RF main-30
// expect: lldt of a TSS: #GP(40) fault ring 0 RF main-30
// expect: ltr busy: #GP(40) fault ring 0 RF main-30
// expect: ltr null: #GP(0) fault ring 0 RF main-30
// expect: iretq nested: #GP(0) fault ring 0 RF NT main-30
// expect: rdmsr unknown: #GP(0) fault ring 0 RF main-30
// expect: movaps unaligned: #GP(0) fault ring 0 RF main-30
// expect: read nothing: #PF(0) fault ring 0 RF main-30 cr2 40000000
// expect: write nothing: #PF(2) fault ring 0 RF main-30 cr2 40000000
// expect: write across: #PF(2) fault ring 0 RF main-30 cr2 400000
// expect: jump to nothing: #PF(10) to 40000000 ring 0 RF main-30 cr2 40000000
// expect: x87 division by zero: #MF fault ring 0 RF main-28
// expect: x87 pending: nothing
// expect: sse division by zero: #XM fault ring 0 RF main-28
// expect: instruction of 16 bytes: #GP(0) fault ring 0 RF main-30
#define MODE 64
#include "guest.h"
    .macro SET_CR0 bits
    movq %cr0, %rax
    orq $\bits, %rax
    movq %rax, %cr0
    .endm
    .macro CLEAR_CR0 bits
    movq %cr0, %rax
    andq $~\bits, %rax
    movq %rax, %cr0
    .endm
main:
    CASE "div by zero"
    xorl %ecx, %ecx
    AT
    divl %ecx
    END
    CASE "idiv overflow"
    movl $0x80000000, %eax
    cltd
    movl $-1, %ecx
    AT
    idivl %ecx
    END
    CASE "int1" // pushes no error code, and leaves DR6 alone
    AT
    .byte 0xf1
    END
    CASE "int3"
    AT
    int3
    END
    CASE "int 3"
    AT
    .byte 0xcd, 3
    END
    CASE "int 4"
    AT
    int $4
    END
    CASE "into"
    AT
    .byte 0xce
    END
    CASE "bound"
    AT
    .byte 0x62, 0x07
    END
    CASE "ud2"
    AT
    ud2
    END
    CASE "lock nop"
    AT
    .byte 0xf0, 0x90
    END
    CASE "lock add reg"
    AT
    .byte 0xf0, 0x01, 0xc0
    END
    CASE "mov to cs"
    AT
    .byte 0x8e, 0xc8
    END
    CASE "far jump direct"
    AT
    .byte 0xea
    END
    CASE "pusha"
    AT
    .byte 0x60
    END
    SET_CR0 4
    CASE "x87 with EM"
    AT
    fldz
    END
    CASE "sse with EM"
    AT
    addps %xmm0, %xmm0
    END
    CLEAR_CR0 4
    SET_CR0 8
    CASE "x87 with TS"
    AT
    fldz
    END
    CASE "sse with TS"
    AT
    addps %xmm0, %xmm0
    END
    CASE "fwait with TS and MP"
    AT
    fwait
    END
    CLEAR_CR0 2
    CASE "fwait with TS alone"
    AT
    fwait
    END
    clts
    SET_CR0 2
    movq %cr4, %rbp
    CASE "sse without OSFXSR"
    movl $0x420, %eax
    movq %rax, %cr4
    AT
    addps %xmm0, %xmm0
    END
    movl $0x220, %eax
    movq %rax, %cr4
    CASE "sse unmasked without OSXMMEXCPT"
    xorps %xmm0, %xmm0
    movl $0x1f00, shown // invalid operation
    ldmxcsr shown
    AT
    divps %xmm0, %xmm0
    END
    movl $0x620, %eax
    movq %rax, %cr4
    CASE "gate absent"
    andb $0x7f, idt + 16 * 0x26 + 5
    movl $0x1f80, shown
    ldmxcsr shown
    AT
    int $0x26
    END
    CASE "gate beyond IDT"
    AT
    int $0x80
    END
    CASE "gate of type 0"
    movb $0x80, idt + 16 * 0x31 + 5
    AT
    int $0x31
    END
    CASE "ds absent"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ds
    END
    CASE "ss absent"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ss
    END
    CASE "ds beyond GDT"
    movw $0x1f8, %ax
    AT
    movw %ax, %ds
    END
    CASE "ds in LDT"
    movw $0x14, %ax
    AT
    movw %ax, %ds
    END
    CASE "ss with RPL 3"
    movw $USER_DATA, %ax
    AT
    movw %ax, %ss
    END
    CASE "ss read-only"
    movw $READ_ONLY, %ax
    AT
    movw %ax, %ss
    END
    CASE "ds execute-only"
    movw $EXECUTE_ONLY, %ax
    AT
    movw %ax, %ds
    END
    CASE "lldt of a TSS"
    movw $TASK, %ax
    AT
    lldt %ax
    END
    CASE "ltr busy"
    movw $TASK, %ax
    AT
    ltr %ax
    END
    CASE "ltr null"
    xorw %ax, %ax
    AT
    ltr %ax
    END
    CASE "iretq nested"
    pushq $0x4002
    popfq
    AT
    iretq
    END
    CASE "rdmsr unknown"
    movl $0x12345678, %ecx
    AT
    rdmsr
    END
    CASE "movaps unaligned"
    movl $STACKS + 4, %ebx
    AT
    movaps (%rbx), %xmm0
    END
    CASE "read nothing"
    AT
    movl NOWHERE, %eax
    END
    CASE "write nothing"
    AT
    movl %eax, NOWHERE
    END
    CASE "write across"
    AT
    movl %eax, 0x3ffffe
    END
    CASE "jump to nothing"
    movl $NOWHERE, %eax
    AT
    jmp *%rax
    END
    CASE "x87 division by zero"
    movw $0x37b, shown
    fldcw shown
    fldz
    fld1
    fdivp
    AT
    fwait
    END
    CASE "x87 pending" // an instruction that doesn't wait
    AT
    fnstsw %ax
    END
    fnclex
    fninit
    CASE "sse division by zero"
    movl $0x1d80, shown
    ldmxcsr shown
    xorps %xmm0, %xmm0
    movl $1, %eax
    cvtsi2ss %eax, %xmm1
    AT
    divss %xmm0, %xmm1
    END
    CASE "instruction of 16 bytes"
    AT
    .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
    END
    FINISH
