// Debug registers in 32-bit code hold linear addresses, segments' bases included (SDM 3B 17.2.1); from privilege 0, frames
// of 0Ch bytes. Virtual-8086 code has them, too.
// expect: instruction: #DB fault ring 0 main-c dr6 1
// expect: offset in a segment: #DB trap ring 0 main-c dr6 1
// expect: the same offset in another: nothing
// expect: read: #DB trap ring 0 main-c dr6 1
// expect: pushal: #DB trap ring 0 main-2c dr6 1
// expect: enter: #DB trap ring 0 main-10 dr6 1
// expect: DR6 by 32 bits: ffff4ff1
// expect: instruction of v86: #DB fault v86 inner-24 dr6 1
// expect: write of v86: #DB trap v86 inner-24 dr6 1
// expect: mov dr in v86: #GP(0) fault v86 RF inner-28
#define MODE 32
#include "guest.h"
    .equ WATCHED, OTHER_STACK - 0x1000
    .macro BREAK address, bits
    movl $\address, %eax
    movl %eax, %dr0
    movl $\bits, %eax
    movl %eax, %dr7
    .endm
    .macro CLEAR
    xorl %eax, %eax
    movl %eax, %dr7
    .endm
    .macro TO_V86 label
    pushl $0
    pushl $0
    pushl $0
    pushl $0
    pushl $0
    pushl $USER_STACK
    pushl $0x20002
    pushl $0
    pushl $\label
    iretl
    .endm
main:
    CASE "instruction"
    BREAK 773f, 1
    AT
    nop
    END
    CLEAR
    CASE "offset in a segment"
    movl $(WATCHED << 16 | 0xfff), gdt + FREE
    movl $0x409200, gdt + FREE + 4
    movw $FREE, %ax
    movw %ax, %fs
    BREAK WATCHED + 0x10, 0xd0001 // writes of 4 bytes
    AT
    movl %ecx, %fs:0x10
    END
    CASE "the same offset in another"
    AT
    movl %ecx, 0x10 + STACKS
    END
    CASE "read"
    BREAK WATCHED + 0x10, 0xf0001
    AT
    movw WATCHED + 0x12, %ax
    END
    CASE "pushal"
    BREAK MAIN_STACK - 0x20, 0xd0001
    AT
    pushal
    END
    CLEAR
    CASE "enter"
    BREAK MAIN_STACK - 4, 0xd0001
    AT
    enter $0, $0
    END
    CLEAR
    movl $0x4ff1, %eax
    movl %eax, %dr6
    movl %dr6, %eax
    SHOW "DR6 by 32 bits", %eax
    movl $0xffff0ff0, %eax
    movl %eax, %dr6
    CASE "instruction of v86"
    BREAK 773f, 1
    AIM
    TO_V86 773f
    .code16
773:
    nop
    .code32
    END
    CASE "write of v86"
    BREAK WATCHED, 0x10001
    AIM
    TO_V86 773f
    .code16
773:
    movb %al, WATCHED
    .code32
    END
    CLEAR
    CASE "mov dr in v86"
    AIM
    TO_V86 773f
    .code16
773:
    movl %dr6, %eax
    .code32
    END
    FINISH
