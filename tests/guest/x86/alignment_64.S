// Alignment checks (SDM 3A 6.15, #AC): of the user's data accesses, with CR0.AM and RFLAGS.AC set; error code 0.
// expect: word: #AC(0) fault ring 3 RF AC inner-30
// expect: dword: #AC(0) fault ring 3 RF AC inner-30
// expect: qword by 4: #AC(0) fault ring 3 RF AC inner-30
// expect: store: #AC(0) fault ring 3 RF AC inner-30
// expect: aligned: nothing
// expect: byte: nothing
// expect: push: #AC(0) fault ring 3 RF AC inner-30
// expect: call: #AC(0) fault ring 3 RF AC inner-30
// expect: movsl: #AC(0) fault ring 3 RF AC inner-30
// expect: locked: #AC(0) fault ring 3 RF AC inner-30
// expect: double by 4: #AC(0) fault ring 3 RF AC inner-30
// expect: movsd by 4: #AC(0) fault ring 3 RF AC inner-30
// expect: movaps by 8: #GP(0) fault ring 3 RF AC inner-30
// expect: without AC: nothing
// expect: without AM: nothing
// expect: the supervisor: nothing
#define MODE 64
#include "guest.h"
    .macro USER name, flags, instruction:vararg
    CASE "\name"
    movl $OTHER_STACK - 0x100, %ebx
    movl %ebx, %esi
    leal 1(%rbx), %edi
    AIM
    TO_USER 773f, \flags
773:
    \instruction
    END
    .endm
    .equ CHECKED, 0x40002
main:
    movq %cr0, %rax
    orl $0x40000, %eax
    movq %rax, %cr0
    USER "word", CHECKED, movw 1(%rbx), %ax
    USER "dword", CHECKED, movl 2(%rbx), %eax
    USER "qword by 4", CHECKED, movq 4(%rbx), %rax
    USER "store", CHECKED, movl %eax, 1(%rbx)
    USER "aligned", CHECKED, movq 8(%rbx), %rax
    USER "byte", CHECKED, movb 1(%rbx), %al
    CASE "push"
    AIM
    TO_USER 1f, CHECKED
1:  leaq -4(%rsp), %rsp
773:
    pushq %rax
    END
    CASE "call"
    AIM
    TO_USER 1f, CHECKED
1:  leaq -4(%rsp), %rsp
773:
    call main
    END
    USER "movsl", CHECKED, movsl
    USER "locked", CHECKED, lock addl $1, 1(%rbx)
    USER "double by 4", CHECKED, fldl 4(%rbx)
    USER "movsd by 4", CHECKED, movsd 4(%rbx), %xmm0
    USER "movaps by 8", CHECKED, movaps 8(%rbx), %xmm0
    USER "without AC", 2, movl 1(%rbx), %eax
    movq %cr0, %rax
    andl $~0x40000, %eax
    movq %rax, %cr0
    USER "without AM", CHECKED, movl 1(%rbx), %eax
    movq %cr0, %rax
    orl $0x40000, %eax
    movq %rax, %cr0
    CASE "the supervisor"
    pushq $0x40002
    popfq
    AT
    movl STACKS + 1, %eax
    END
    FINISH
