// Virtual-8086 mode (SDM 3A 21.2, 21.3): faults lead to privilege 0, on the stack of the TSS, with all segment registers
// pushed: 24h bytes, or 28h with an error code. With an IOPL below 3 what touches IF is #GP(0), and int n, too; int3, int1
// and into aren't. Ports are the bitmap's matter alone.
// expect: div by zero: #DE fault v86 RF inner-24
// expect: int1: #DB trap v86 inner-24 dr6 0
// expect: int3: #BP trap v86 inner-24
// expect: into: #OF trap v86 inner-24
// expect: bound: #BR fault v86 RF inner-24
// expect: ud2: #UD fault v86 RF inner-24
// expect: cli: #GP(0) fault v86 RF inner-28
// expect: sti: #GP(0) fault v86 RF inner-28
// expect: pushf: #GP(0) fault v86 RF inner-28
// expect: popf: #GP(0) fault v86 RF inner-28
// expect: iret: #GP(0) fault v86 RF inner-28
// expect: int 30: #GP(0) fault v86 RF inner-28
// expect: hlt: #GP(0) fault v86 RF inner-28
// expect: in: #GP(0) fault v86 RF inner-28
// expect: out: #GP(0) fault v86 RF inner-28
// expect: insb: #GP(0) fault v86 RF inner-28
// expect: mov from CR0: #GP(0) fault v86 RF inner-28
// expect: mov to DR7: #GP(0) fault v86 RF inner-28
// expect: clts: #GP(0) fault v86 RF inner-28
// expect: lgdt: #GP(0) fault v86 RF inner-28
// expect: rdmsr: #GP(0) fault v86 RF inner-28
// expect: lldt: #UD fault v86 RF inner-24
// expect: ltr: #UD fault v86 RF inner-24
// expect: sldt: #UD fault v86 RF inner-24
// expect: lar: #UD fault v86 RF inner-24
// expect: arpl: #UD fault v86 RF inner-24
// expect: sysexit: #GP(0) fault v86 RF inner-28
// expect: sysenter without CS: #GP(0) fault v86 RF inner-28
// expect: word at ffff: #GP(0) fault v86 RF inner-28
// expect: word on the stack at ffff: #SS(0) fault v86 RF inner-28
// expect: push at 1: #SS(0) fault v86 RF inner-28
// expect: jump beyond the segment: #GP(0) fault v86 RF inner-28
// expect: instruction of 16 bytes: #GP(0) fault v86 RF inner-28
// expect: IOPL 3, cli: nothing
// expect: IOPL 3, pushf: nothing
// expect: IOPL 3, int 30: int 30 trap v86 inner-24
// expect: IOPL 3, closed gate: #GP(102) fault v86 RF inner-28
// expect: IOPL 3, gate to the user's code: #GP(28) fault v86 RF inner-28
// expect: IOPL 3, in: #GP(0) fault v86 RF inner-28
// expect: IOPL 3, hlt: #GP(0) fault v86 RF inner-28
// expect: IOPL 3, TF: #DB trap v86 TF inner-24 dr6 4000
// expect: pushed GS, FS: 11112222
// expect: pushed DS, ES: 33334444
// expect: pushed SS, SP: 55556666
// expect: pushed CS: 0
// expect: DS in the handler: 0
#define MODE 32
#include "guest.h"
    .macro TO_V86 label, flags
    pushl $0
    pushl $0
    pushl $0
    pushl $0
    pushl $0
    pushl $USER_STACK
    pushl $(\flags | 0x20002)
    pushl $0
    pushl $\label
    iretl
    .endm
    .macro V86 name, flags, instruction:vararg
    CASE "\name"
    AIM
    TO_V86 773f, \flags
    .code16
773:
    \instruction
    .code32
    END
    .endm
main:
    xorl %ecx, %ecx
    V86 "div by zero", 0, .byte 0xf7, 0xf1
    V86 "int1", 0, .byte 0xf1
    V86 "int3", 0, int3
    V86 "into", 0x800, into
    movl $10, %eax
    V86 "bound", 0, bound %ax, bounds
    V86 "ud2", 0, ud2
    V86 "cli", 0, cli
    V86 "sti", 0, sti
    V86 "pushf", 0, pushf
    V86 "popf", 0, popf
    V86 "iret", 0, iretw
    V86 "int 30", 0, int $0x30
    V86 "hlt", 0, hlt
    V86 "in", 0, inb $0x80, %al
    V86 "out", 0, outb %al, $0x80
    V86 "insb", 0, insb
    V86 "mov from CR0", 0, movl %cr0, %eax
    V86 "mov to DR7", 0, movl %eax, %dr7
    V86 "clts", 0, clts
    V86 "lgdt", 0, lgdtw gdtr
    V86 "rdmsr", 0, rdmsr
    V86 "lldt", 0, lldt %ax
    V86 "ltr", 0, ltr %ax
    V86 "sldt", 0, sldt %ax
    V86 "lar", 0, lar %ax, %ax
    V86 "arpl", 0, arpl %ax, %ax
    V86 "sysexit", 0, sysexit
    V86 "sysenter without CS", 0, sysenter
    V86 "word at ffff", 0, movw 0xffff, %ax
    V86 "word on the stack at ffff", 0, movw %ss:0xffff, %ax
    CASE "push at 1"
    AIM
    TO_V86 1f, 0
    .code16
1:  movw $1, %sp
773:
    pushw %ax
    .code32
    END
    V86 "jump beyond the segment", 0, ljmpl $0, $0x10000
    V86 "instruction of 16 bytes", 0, .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
    V86 "IOPL 3, cli", 0x3000, cli
    V86 "IOPL 3, pushf", 0x3000, pushfw
    V86 "IOPL 3, int 30", 0x3000, int $0x30
    V86 "IOPL 3, closed gate", 0x3000, int $0x20
    GATE 0x31, 0x1000, 0xee, USER_CODE32
    V86 "IOPL 3, gate to the user's code", 0x3000, int $0x31
    V86 "IOPL 3, in", 0x3000, inb $0x80, %al
    V86 "IOPL 3, hlt", 0x3000, hlt
    V86 "IOPL 3, TF", 0x3100, nop
    // What the frame has, read where it was pushed, and what the handler finds.
    GATE 0x31, peek, 0xee
    pushl $0x1111
    pushl $0x2222
    pushl $0x3333
    pushl $0x4444
    pushl $0x5555
    pushl $0x6666
    pushl $0x23002
    pushl $0
    pushl $1f
    iretl
    .code16
1:  int $0x31
    .code32
peek:
    movw %ds, %bx
    movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movl INNER_STACK - 4, %eax
    shll $16, %eax
    movw INNER_STACK - 8, %ax
    SHOW "pushed GS, FS", %eax
    movl INNER_STACK - 12, %eax
    shll $16, %eax
    movw INNER_STACK - 16, %ax
    SHOW "pushed DS, ES", %eax
    movl INNER_STACK - 20, %eax
    shll $16, %eax
    movw INNER_STACK - 24, %ax
    SHOW "pushed SS, SP", %eax
    movl INNER_STACK - 32, %eax
    SHOW "pushed CS", %eax
    movzwl %bx, %ebx
    SHOW "DS in the handler", %ebx
    FINISH
    .data
bounds: .word 0, 9
    .text
