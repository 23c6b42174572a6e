// Addresses that aren't canonical are #GP(0), and #SS(0) where they are the stack's or based on RSP or RBP (SDM 1,
// 3.3.7.1); segments with bases of their own, and an index, don't make an address the stack's.
// expect: load: #GP(0) fault ring 0 RF main-30
// expect: store: #GP(0) fault ring 0 RF main-30
// expect: by rbp: #SS(0) fault ring 0 RF main-30
// expect: by rsp: #SS(0) fault ring 0 RF ist1-30
// expect: by rbp as index: #GP(0) fault ring 0 RF main-30
// expect: by rbp in gs: #GP(0) fault ring 0 RF main-30
// expect: by rbp with a prefix for ds: #SS(0) fault ring 0 RF main-30
// expect: locked by rbp: #SS(0) fault ring 0 RF main-30
// expect: 16 bytes by rbp: #SS(0) fault ring 0 RF main-30
// expect: push: #SS(0) fault ring 0 RF ist1-30
// expect: push of bad memory: #GP(0) fault ring 0 RF main-30
// expect: pop: #SS(0) fault ring 0 RF ist1-30
// expect: pop to bad memory: #GP(0) fault ring 0 RF main-30
// expect: pushf: #SS(0) fault ring 0 RF ist1-30
// expect: popf: #SS(0) fault ring 0 RF ist1-30
// expect: call: #SS(0) fault ring 0 RF ist1-30
// expect: ret: #SS(0) fault ring 0 RF ist1-30
// expect: enter: #SS(0) fault ring 0 RF ist1-30
// expect: leave: #SS(0) fault ring 0 RF main-30
// expect: iretq: #SS(0) fault ring 0 RF ist1-30
// expect: retf: #SS(0) fault ring 0 RF ist1-30
// expect: movs: #GP(0) fault ring 0 RF main-30
// expect: x87 by rbp: #SS(0) fault ring 0 RF main-30
// expect: lgdt: #GP(0) fault ring 0 RF main-30
// expect: lgdt of a bad base: #GP(0) fault ring 0 RF main-30
// expect: wrmsr fs base: #GP(0) fault ring 0 RF main-30
// expect: iretq to nowhere: #GP(0) fault ring 0 RF main-60
// expect: sysret to nowhere: #GP(0) fault ring 0 RF main-30
// expect: int by RSP0 to nowhere: #SS(0) fault ring 3 RF ist2-30
#define MODE 64
#include "guest.h"
    .set HOLE, 0x0000800000000000
main:
    GATE 12, stubs + 16 * 12, 0x8e, CODE64, 1 // #SS has a stack of its own: that of the program is lost
    movb $0, idt + 16 * 12 + 4
    CASE "load"
    movabsq $HOLE, %rbx
    AT
    movl (%rbx), %eax
    END
    CASE "store"
    movabsq $HOLE, %rbx
    AT
    movl %eax, (%rbx)
    END
    CASE "by rbp"
    movabsq $HOLE, %rbx
    movq %rbx, %rbp
    AT
    movl (%rbp), %eax
    END
    movb $1, idt + 16 * 12 + 4
    CASE "by rsp"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    movl 8(%rsp), %eax
    END
    movb $0, idt + 16 * 12 + 4
    CASE "by rbp as index"
    movabsq $HOLE, %rbp
    xorl %eax, %eax
    AT
    movl (%rax, %rbp), %eax
    END
    CASE "by rbp in gs"
    movabsq $HOLE, %rbp
    AT
    movl %gs:(%rbp), %eax
    END
    CASE "by rbp with a prefix for ds"
    movabsq $HOLE, %rbp
    AT
    .byte 0x3e, 0x8b, 0x45, 0
    END
    CASE "locked by rbp"
    movabsq $HOLE, %rbp
    AT
    lock addl $1, (%rbp)
    END
    CASE "16 bytes by rbp"
    movabsq $HOLE, %rbp
    AT
    movups (%rbp), %xmm0
    END
    movb $1, idt + 16 * 12 + 4
    CASE "push"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    addq $8, %rsp
    AT
    pushq %rax
    END
    CASE "push of bad memory"
    movabsq $HOLE, %rbx
    AT
    pushq (%rbx)
    END
    CASE "pop"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    popq %rax
    END
    CASE "pop to bad memory"
    movabsq $HOLE, %rbx
    AT
    popq (%rbx)
    END
    CASE "pushf"
    movabsq $HOLE, %rbx
    leaq 8(%rbx), %rsp
    AT
    pushfq
    END
    CASE "popf"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    popfq
    END
    CASE "call"
    movabsq $HOLE, %rbx
    leaq 8(%rbx), %rsp
    AT
    call main
    END
    CASE "ret"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    ret
    END
    CASE "enter"
    movabsq $HOLE, %rbx
    leaq 8(%rbx), %rsp
    AT
    enter $0, $0
    END
    movb $0, idt + 16 * 12 + 4
    CASE "leave"
    movabsq $HOLE, %rbx
    movq %rbx, %rbp
    AT
    leave
    END
    movb $1, idt + 16 * 12 + 4
    CASE "iretq"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    iretq
    END
    CASE "retf"
    movabsq $HOLE, %rbx
    movq %rbx, %rsp
    AT
    lretq
    END
    CASE "movs"
    movabsq $HOLE, %rbx
    movq %rbx, %rsi
    movl $STACKS, %edi
    AT
    movsb
    END
    movb $0, idt + 16 * 12 + 4
    CASE "x87 by rbp"
    movabsq $HOLE, %rbp
    AT
    fldl (%rbp)
    END
    CASE "lgdt"
    movabsq $HOLE, %rbx
    AT
    lgdt (%rbx)
    END
    CASE "lgdt of a bad base"
    movabsq $HOLE, %rbx
    movq %rbx, STACKS + 2
    movw $0xff, STACKS
    AT
    lgdt STACKS
    END
    CASE "wrmsr fs base"
    movabsq $HOLE, %rbx
    movl $0xc0000100, %ecx
    movl $0x8000, %edx
    xorl %eax, %eax
    AT
    wrmsr
    END
    CASE "iretq to nowhere"
    movabsq $HOLE, %rbx
    pushq $DATA_BESIDE_CODE64
    pushq $MAIN_STACK
    pushq $2
    pushq $CODE64
    pushq %rbx
    AT
    iretq
    END
    CASE "sysret to nowhere"
    movabsq $HOLE, %rbx
    movq %rbx, %rcx
    AT
    sysretq
    END
    // Pushing for privilege 0 fails, and so #SS is delivered itself, on its own stack.
    CASE "int by RSP0 to nowhere"
    movabsq $HOLE, %rbx
    movq %rbx, task + 4
    movb $2, idt + 16 * 12 + 4
    TO_USER 1f
1:  AT
    int $OPEN_GATE
    END
    FINISH
