// The exceptions of 32-bit protected mode (SDM 3A 6.15), raised by privilege 0 without paging: handlers of the same
// privilege run on the same stack, with frames of 0Ch bytes, or 10h with an error code (6.12.1).
// expect: div by zero: #DE fault ring 0 RF main-c
// expect: aam 0: #DE fault ring 0 RF main-c
// expect: int1: #DB trap ring 0 main-c dr6 0
// expect: int3: #BP trap ring 0 main-c
// expect: into with OF: #OF trap ring 0 main-c
// expect: into without OF: nothing
// expect: int 4: #OF trap ring 0 main-c
// expect: bound within: nothing
// expect: bound beyond: #BR fault ring 0 RF main-c
// expect: bound below: #BR fault ring 0 RF main-c
// expect: int 5: #BR trap ring 0 main-c
// expect: int 13: int 2d trap ring 0 main-c
// expect: ud2: #UD fault ring 0 RF main-c
// expect: bound reg: #UD fault ring 0 RF main-c
// expect: syscall: #UD fault ring 0 RF main-c
// expect: x87 with TS: #NM fault ring 0 RF main-c
// expect: gate absent: #NP(132) fault ring 0 RF main-10
// expect: gate beyond IDT: #GP(402) fault ring 0 RF main-10
// expect: gate of a TSS: #GP(18a) fault ring 0 RF main-10
// expect: gate to data: #GP(10) fault ring 0 RF main-10
// expect: gate to nothing: #GP(0) fault ring 0 RF main-10
// expect: gate to absent code: #NP(58) fault ring 0 RF main-10
// expect: gate beyond code: #GP(0) fault ring 0 RF main-10
// expect: ud2 with gate to nothing: #GP(1) fault ring 0 RF main-10
// expect: ud2 with absent gate: #NP(33) fault ring 0 RF main-10
// expect: ud2 with absent code: #NP(59) fault ring 0 RF main-10
// expect: ds absent: #NP(50) fault ring 0 RF main-10
// expect: ds null: nothing
// expect: read by null: #GP(0) fault ring 0 RF main-10
// expect: ss null: #GP(0) fault ring 0 RF main-10
// expect: ss absent: #SS(50) fault ring 0 RF main-10
// expect: ss of code: #GP(8) fault ring 0 RF main-10
// expect: ds beyond GDT: #GP(1f8) fault ring 0 RF main-10
// expect: ds in absent LDT: #GP(14) fault ring 0 RF main-10
// expect: ds in LDT: #NP(14) fault ring 0 RF main-10
// expect: ds beyond LDT: #GP(1c) fault ring 0 RF main-10
// expect: write read-only: #GP(0) fault ring 0 RF main-10
// expect: write code: #GP(0) fault ring 0 RF main-10
// expect: read execute-only: #GP(0) fault ring 0 RF main-10
// expect: beyond the limit: #GP(0) fault ring 0 RF main-10
// expect: across the limit: #GP(0) fault ring 0 RF main-10
// expect: within the limit: nothing
// expect: stack beyond the limit: #SS(0) fault ring 0 RF main-10
// expect: far jump to data: #GP(10) fault ring 0 RF main-10
// expect: far jump to absent code: #NP(58) fault ring 0 RF main-10
// expect: far jump to null: #GP(0) fault ring 0 RF main-10
// expect: far jump to user code: #GP(28) fault ring 0 RF main-10
// expect: far call to a free descriptor: #GP(90) fault ring 0 RF main-10
// expect: retf to user data: #GP(30) fault ring 0 RF main-1c
// expect: iret to absent code: #NP(58) fault ring 0 RF main-1c
// expect: iret without a link: #TS(0) fault ring 0 RF NT main-10
// expect: lldt null: nothing
// expect: ltr data: #GP(10) fault ring 0 RF main-10
// expect: x87 unmasked: #MF fault ring 0 RF main-c
// expect: sse unmasked: #XM fault ring 0 RF main-c
// expect: movaps unaligned: #GP(0) fault ring 0 RF main-10
#define MODE 32
#include "guest.h"
    .macro NAMED_GATE selector, rights = 0x8e, target = 0x1000
    GATE 0x31, \target, \rights, \selector
    .endm
main:
    CASE "div by zero"
    xorl %ecx, %ecx
    AT
    divl %ecx
    END
    CASE "aam 0"
    AT
    .byte 0xd4, 0
    END
    CASE "int1"
    AT
    .byte 0xf1
    END
    CASE "int3"
    AT
    int3
    END
    CASE "into with OF"
    pushl $0x802
    popfl
    AT
    into
    END
    CASE "into without OF"
    AT
    into
    END
    CASE "int 4"
    AT
    int $4
    END
    CASE "bound within"
    movl $9, %eax
    AT
    bound %eax, bounds
    END
    CASE "bound beyond"
    movl $10, %eax
    AT
    bound %eax, bounds
    END
    CASE "bound below"
    movl $-4, %eax
    AT
    bound %eax, bounds
    END
    CASE "int 5"
    AT
    int $5
    END
    CASE "int 13" // which pushes no error code
    movl $int_13, idt + 8 * 13
    movw $CODE32, idt + 8 * 13 + 2
    AT
    int $13
    END
    movl $stubs + 13 * 16, %eax
    movw %ax, idt + 8 * 13
    movw $CODE32, idt + 8 * 13 + 2
    CASE "ud2"
    AT
    ud2
    END
    CASE "bound reg"
    AT
    .byte 0x62, 0xc0
    END
    CASE "syscall" // on Intel's processors, outside of 64-bit mode
    AT
    syscall
    END
    CASE "x87 with TS"
    movl %cr0, %eax
    orl $8, %eax
    movl %eax, %cr0
    AT
    fldz
    END
    clts
    CASE "gate absent"
    andb $0x7f, idt + 8 * 0x26 + 5
    AT
    int $0x26
    END
    CASE "gate beyond IDT"
    AT
    int $0x80
    END
    CASE "gate of a TSS"
    NAMED_GATE CODE32, 0x89
    AT
    int $0x31
    END
    CASE "gate to data"
    NAMED_GATE DATA
    AT
    int $0x31
    END
    CASE "gate to nothing"
    NAMED_GATE 0
    AT
    int $0x31
    END
    CASE "gate to absent code"
    NAMED_GATE ABSENT_CODE
    AT
    int $0x31
    END
    CASE "gate beyond code"
    NAMED_GATE CODE16, 0x8e, 0x10000
    AT
    int $0x31
    END
    CASE "ud2 with gate to nothing" // of an exception the code has EXT
    GATE 6, 0, 0x8e, 0
    AT
    ud2
    END
    CASE "ud2 with absent gate"
    GATE 6, 0, 0x0e
    AT
    ud2
    END
    CASE "ud2 with absent code"
    GATE 6, 0, 0x8e, ABSENT_CODE
    AT
    ud2
    END
    CASE "ds absent"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ds
    END
    CASE "ds null"
    xorw %ax, %ax
    AT
    movw %ax, %fs
    END
    CASE "read by null"
    xorw %ax, %ax
    movw %ax, %fs
    AT
    movl %fs:0x1000, %eax
    END
    CASE "ss null"
    xorw %ax, %ax
    AT
    movw %ax, %ss
    END
    CASE "ss absent"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ss
    END
    CASE "ss of code"
    movw $CODE32, %ax
    AT
    movw %ax, %ss
    END
    CASE "ds beyond GDT"
    movw $0x1f8, %ax
    AT
    movw %ax, %ds
    END
    CASE "ds in absent LDT"
    movw $0x14, %ax
    AT
    movw %ax, %ds
    END
    CASE "ds in LDT"
    movl $0x8200, gdt + FREE + 12
    movl $ldt, %eax
    shll $16, %eax
    movw $23, %ax
    movl %eax, gdt + FREE + 8
    movw $FREE + 8, %ax
    lldt %ax
    movw $0x14, %ax
    AT
    movw %ax, %ds
    END
    CASE "ds beyond LDT"
    movw $0x1c, %ax
    AT
    movw %ax, %ds
    END
    CASE "write read-only"
    movw $READ_ONLY, %ax
    movw %ax, %fs
    AT
    movl %eax, %fs:0x1000
    END
    CASE "write code"
    AT
    movl %eax, %cs:0x1000
    END
    CASE "read execute-only"
    ljmp $EXECUTE_ONLY, $1f
1:  AT
    movl %cs:0x1000, %eax
    END
    ljmp $CODE32, $1f
1:  CASE "beyond the limit"
    movw $SMALL_DATA, %ax
    movw %ax, %fs
    AT
    movb %fs:0x2000, %al
    END
    CASE "across the limit"
    movw $SMALL_DATA, %ax
    movw %ax, %fs
    AT
    movl %fs:0x1ffd, %eax
    END
    CASE "within the limit"
    movw $SMALL_DATA, %ax
    movw %ax, %fs
    AT
    movl %fs:0x1ffc, %eax
    END
    CASE "stack beyond the limit"
    movw $SMALL_DATA, %ax
    movw %ax, %ss
    movl $MAIN_STACK, %ebp
    AT
    movl (%ebp), %eax
    END
    CASE "far jump to data"
    AT
    ljmp $DATA, $0
    END
    CASE "far jump to absent code"
    AT
    ljmp $ABSENT_CODE, $0
    END
    CASE "far jump to null"
    AT
    ljmp $0, $0
    END
    CASE "far jump to user code"
    AT
    ljmp $USER_CODE32, $0
    END
    CASE "far call to a free descriptor"
    AT
    lcall $FREE, $0
    END
    CASE "retf to user data"
    pushl $USER_DATA
    pushl $USER_DATA
    pushl $0
    AT
    lretl
    END
    CASE "iret to absent code"
    pushl $2
    pushl $ABSENT_CODE
    pushl $0
    AT
    iretl
    END
    CASE "iret without a link"
    pushl $0x4002
    popfl
    AT
    iretl
    END
    CASE "lldt null"
    xorw %ax, %ax
    AT
    lldt %ax
    END
    CASE "ltr data"
    movw $DATA, %ax
    AT
    ltr %ax
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
    FINISH
int_13:
    pushl $0
    pushl $32 + 13
    jmp caught
    .data
bounds: .long -3, 9
ldt: .quad 0, 0, 0x00cf12000000ffff
    .text
