// Debug registers in 64-bit mode (SDM 3B 17.2). Breakpoints on instructions are faults, before the instruction, whose
// frame hasn't got RF; RF lets one instruction pass them. Those on data are traps behind the instruction. Frames are as
// in exceptions_64.S.
// expect: instruction: #DB fault ring 0 main-28 dr6 1
// expect: instruction by G2: #DB fault ring 0 main-28 dr6 4
// expect: instruction, off: nothing
// expect: in the middle of a loop: #DB fault ring 0 main-28 dr6 2
// expect: second byte of an instruction: nothing
// expect: two on one: #DB fault ring 0 main-28 dr6 9
// expect: RF by iretq: nothing
// expect: RF, once: #DB at+1 ring 0 main-28 dr6 1
// expect: RF and a fault: #UD fault ring 0 RF main-28
// expect: a fault of its own comes second: #DB fault ring 0 main-28 dr6 1
// expect: returning without RF: #DB fault ring 0 main-28 dr6 1
// expect: returning without RF: #DB fault ring 0 main-28 dr6 1
// expect: returning without RF: #DB fault ring 0 main-28 dr6 1
// expect: behind mov ss: nothing
// expect: write: #DB trap ring 0 main-28 dr6 1
// expect: read at a write breakpoint: nothing
// expect: read: #DB trap ring 0 main-28 dr6 2
// expect: write of what is read: #DB trap ring 0 main-28 dr6 2
// expect: byte before: nothing
// expect: byte behind: nothing
// expect: last byte of 8: #DB trap ring 0 main-28 dr6 1
// expect: overlap from below: #DB trap ring 0 main-28 dr6 1
// expect: overlap from above: #DB trap ring 0 main-28 dr6 1
// expect: unaligned DR0 is aligned: #DB trap ring 0 main-28 dr6 1
// expect: the page's other bytes: nothing
// expect: push: #DB trap ring 0 main-38 dr6 1
// expect: call: #DB trap ring 0 main-38 dr6 1
// expect: locked: #DB trap ring 0 main-28 dr6 1
// expect: cmpxchg16b: #DB trap ring 0 main-28 dr6 1
// expect: 16 bytes: #DB trap ring 0 main-28 dr6 1
// expect: x87 store: #DB trap ring 0 main-28 dr6 1
// expect: read and jump: #DB trap ring 0 main-28 dr6 1
// expect: a store that faults: #PF(2) fault ring 0 RF main-30 cr2 40000000
// expect: with TF: #DB trap ring 0 TF main-28 dr6 4001
// expect: two addresses: #DB trap ring 0 main-28 dr6 3
// expect: rep movsb: #DB fault ring 0 RF main-28 dr6 1
// expect: last iteration: #DB trap ring 0 main-28 dr6 1
// expect: rep stosb, every iteration: #DB fault ring 0 RF main-28 dr6 1
// expect: rep stosb, every iteration: #DB fault ring 0 RF main-28 dr6 1
// expect: rep stosb, every iteration: #DB trap ring 0 main-28 dr6 1
// expect: mov ss from watched memory: #DB at+8 ring 0 main-28 dr6 1
// expect: port: #DB trap ring 0 main-28 dr6 1
// expect: port read: #DB trap ring 0 main-28 dr6 1
// expect: port beside: nothing
// expect: wide port access: #DB trap ring 0 main-28 dr6 1
// expect: rep outsb: #DB fault ring 0 RF main-28 dr6 1
// expect: rep outsb: #DB trap ring 0 main-28 dr6 1
// expect: port without DE: nothing
// expect: DR4 with DE: #UD fault ring 0 RF main-28
// expect: DR4 without DE: nothing
// expect: general detect, read: #DB fault ring 0 RF main-28 dr6 2000
// expect: GD is cleared: nothing
// expect: general detect, write: #DB fault ring 0 RF main-28 dr6 2000
// expect: DR6, upper half: #GP(0) fault ring 0 RF main-30
// expect: DR7, upper half: #GP(0) fault ring 0 RF main-30
// expect: DR6 as written: ffff0ff0
// expect: DR7 as written: ffff0700
// expect: user: #GP(0) fault ring 3 RF inner-30
// expect: user's instruction: #DB fault ring 3 inner-28 dr6 1
// expect: user's write: #DB trap ring 3 inner-28 dr6 1
#define MODE 64
#include "guest.h"
    .equ OTHER_STACK_BYTES, OTHER_STACK - 0x1000
    .equ WATCHED, OTHER_STACK_BYTES + 0x100
// Of DR7, for DR0; those of DR1 are four bits further on
    .equ EXECUTE, 0
    .equ WRITE, 1 << 16
    .equ PORT, 2 << 16
    .equ ACCESS, 3 << 16
    .equ BYTES_2, 1 << 18
    .equ BYTES_8, 2 << 18
    .equ BYTES_4, 3 << 18
    .macro BREAK number, address, bits
    movl $\address, %eax
    movq %rax, %dr\number
    movl $\bits, %eax
    movq %rax, %dr7
    .endm
    .macro IRETQ_TO label, flags
    movq %rsp, %rax
    pushq $DATA
    pushq %rax
    pushq $\flags
    pushq $CODE64
    pushq $\label
    iretq
    .endm
    .macro CLEAR
    xorl %eax, %eax
    movq %rax, %dr7
    .endm
main:
    // ---- instructions
    CASE "instruction"
    BREAK 0, 773f, 1
    AT
    nop
    END
    CLEAR
    CASE "instruction by G2"
    BREAK 2, 773f, 0x20
    AT
    nop
    END
    CLEAR
    CASE "instruction, off"
    BREAK 0, 773f, 0
    AT
    nop
    END
    CASE "in the middle of a loop"
    movl $1000, %ecx
1:  decl %ecx
    jnz 1b // translated by now
    BREAK 1, 773f, 4
    movl $10, %ecx
    AT
    decl %ecx
    jnz 773b
    END
    CLEAR
    CASE "second byte of an instruction"
    BREAK 0, 773f + 1, 1
    AT
    movl $0, %ebx
    END
    CASE "two on one"
    BREAK 3, 773f, 0
    BREAK 0, 773f, 0x41
    AT
    nop
    END
    CLEAR
    CASE "RF by iretq"
    BREAK 0, 773f, 1
    AIM
    IRETQ_TO 773f, 0x10002
773:
    nop
    END
    CASE "RF, once"
    BREAK 0, 774f, 1
    AIM
    IRETQ_TO 773f, 0x10002
773:
    nop
774: nop
    END
    CASE "RF and a fault"
    BREAK 0, 773f, 1
    AIM
    IRETQ_TO 773f, 0x10002
773:
    ud2
    END
    CASE "a fault of its own comes second"
    BREAK 0, 773f, 1
    AT
    ud2
    END
    CASE "returning without RF"
    RETURNS 2
    BREAK 0, 773f, 1
    AT
    nop
    END
    CLEAR

    CASE "behind mov ss"
    movw $DATA, %cx
    BREAK 0, 773f, 1
    AIM
    movw %cx, %ss
773:
    nop
    END
    CLEAR

    // ---- data
    CASE "write"
    BREAK 0, WATCHED, 1 | WRITE | BYTES_4
    AT
    movl %eax, WATCHED
    END
    CASE "read at a write breakpoint"
    AT
    movl WATCHED, %eax
    END
    CASE "read"
    BREAK 1, WATCHED, 4 | ACCESS << 4 | BYTES_4 << 4
    AT
    movl WATCHED, %ebx
    END
    CASE "write of what is read"
    AT
    movl %ebx, WATCHED
    END
    CASE "byte before"
    AT
    movb WATCHED - 1, %bl
    END
    CASE "byte behind"
    AT
    movb WATCHED + 4, %bl
    END
    CASE "last byte of 8"
    BREAK 0, WATCHED, 1 | ACCESS | BYTES_8
    AT
    movb WATCHED + 7, %bl
    END
    CASE "overlap from below"
    AT
    movl WATCHED - 3, %ebx
    END
    CASE "overlap from above"
    AT
    addw $1, WATCHED + 7
    END
    CASE "unaligned DR0 is aligned"
    BREAK 0, WATCHED + 3, 1 | ACCESS | BYTES_4
    AT
    movb WATCHED, %bl
    END
    CASE "the page's other bytes"
    AT
    movl WATCHED + 64, %ebx
    END
    CASE "push"
    BREAK 0, MAIN_STACK - 8, 1 | ACCESS | BYTES_8
    AT
    pushq %rax
    END
    CLEAR
    CASE "call"
    BREAK 0, MAIN_STACK - 8, 1 | ACCESS | BYTES_8
    AT
    call 1f
1:  END
    CLEAR
    CASE "locked"
    BREAK 0, WATCHED, 1 | WRITE | BYTES_8
    AT
    lock addl $1, WATCHED
    END
    CASE "cmpxchg16b"
    AT
    lock cmpxchg16b WATCHED
    END
    CASE "16 bytes"
    AT
    movaps %xmm0, WATCHED
    END
    CASE "x87 store"
    fld1
    AT
    fstpl WATCHED
    END
    CLEAR
    CASE "read and jump"
    movq $1f, WATCHED
    BREAK 0, WATCHED, 1 | ACCESS | BYTES_8
    AT
    jmp *WATCHED
1:  END
    CASE "a store that faults"
    movl $WATCHED, %esi
    movl $NOWHERE, %edi
    AT
    movsb
    END
    CASE "with TF"
    movl $WATCHED, %esi
    AIM
    pushq $0x102
    popfq
773:
    movb (%rsi), %al
    END
    CASE "two addresses"
    BREAK 1, WATCHED, 0
    BREAK 0, WATCHED + 4, 1 | ACCESS | 4 | ACCESS << 4
    AT
    movq WATCHED, %rbx
    END
    CASE "rep movsb"
    BREAK 0, WATCHED + 4, 1 | WRITE
    movl $STACKS, %esi
    movl $WATCHED, %edi
    movl $10, %ecx
    AT
    rep movsb
    END
    CASE "last iteration"
    movl $STACKS, %esi
    movl $WATCHED, %edi
    movl $5, %ecx
    AT
    rep movsb
    END
    CASE "rep stosb, every iteration"
    RETURNS 2
    BREAK 0, WATCHED, 1 | WRITE | BYTES_4
    movl $WATCHED + 1, %edi
    movl $3, %ecx
    AT
    rep stosb
    END
    CLEAR
    CASE "mov ss from watched memory"
    movw $DATA, WATCHED
    BREAK 0, WATCHED, 1 | ACCESS | BYTES_4
    AT
    movw WATCHED, %ss
    nop
    nop
    END
    // ---- ports
    movq %cr4, %rax
    orl $8, %eax
    movq %rax, %cr4
    CASE "port"
    BREAK 0, 0x80, 1 | PORT
    AT
    outb %al, $0x80
    END
    CASE "port read"
    AT
    inb $0x80, %al
    END
    CASE "port beside"
    AT
    inb $0x81, %al
    END
    CASE "wide port access"
    movw $0x7e, %dx
    AT
    inl %dx, %eax
    END
    CASE "rep outsb"
    RETURNS 1
    movw $0x80, %dx
    movl $STACKS, %esi
    movl $2, %ecx
    AT
    rep outsb
    END
    CASE "port without DE"
    movq %cr4, %rax
    andl $~8, %eax
    movq %rax, %cr4
    AT
    outb %al, $0x80
    END
    CLEAR

    // ---- the registers
    CASE "DR4 with DE"
    movq %cr4, %rax
    orl $8, %eax
    movq %rax, %cr4
    AT
    .byte 0x0f, 0x21, 0xe0
    END
    CASE "DR4 without DE"
    movq %cr4, %rax
    andl $~8, %eax
    movq %rax, %cr4
    AT
    .byte 0x0f, 0x21, 0xe0
    END
    CASE "general detect, read"
    movl $0x2000, %eax
    movq %rax, %dr7
    AT
    movq %dr0, %rax
    END
    CASE "GD is cleared"
    AT
    movq %dr0, %rax
    END
    CASE "general detect, write"
    movl $0x2000, %eax
    movq %rax, %dr7
    AT
    movq %rax, %dr3
    END
    CASE "DR6, upper half"
    movabsq $0x100000000, %rax
    AT
    movq %rax, %dr6
    END
    CASE "DR7, upper half"
    movabsq $0x100000000, %rax
    AT
    movq %rax, %dr7
    END
    xorl %eax, %eax
    movq %rax, %dr6
    movq %dr6, %rbx
    SHOW "DR6 as written", %ebx
    movl $0xffffdf00, %eax
    movq %rax, %dr7
    movq %dr7, %rbx
    SHOW "DR7 as written", %ebx
    CLEAR

    // ---- the user
    CASE "user"
    TO_USER 1f
1:  AT
    movq %rax, %dr7
    END
    CASE "user's instruction"
    BREAK 0, 773f, 1
    TO_USER 1f
1:  nop
    AT
    nop
    END
    CLEAR
    CASE "user's write"
    BREAK 0, WATCHED, 1 | WRITE
    TO_USER 1f
1:  AT
    movb $1, WATCHED
    END
    CLEAR
    FINISH
