// Stacks that handlers of 64-bit mode get (SDM 3A 6.14): the same one at the same privilege, RSP0 of the TSS from outside,
// and one of the seven of the TSS where the gate names it. Each is aligned to 16 bytes first. And what iretq refuses to
// go back to (SDM 2, IRET): its frame of 28h bytes is still on the stack then.
// expect: same privilege: int 30 trap ring 0 main-28
// expect: unaligned by 8: int 30 trap ring 0 main-38
// expect: unaligned by 1: int 30 trap ring 0 main-38
// expect: from the user: int 30 trap ring 3 inner-28
// expect: from the user, RSP0 unaligned: int 30 trap ring 3 inner-38
// expect: from the user, with an error code: #GP(0) fault ring 3 RF inner-30
// expect: IST from the user: #UD fault ring 3 RF ist1-28
// expect: IST from privilege 0: #UD fault ring 0 RF ist1-28
// expect: other IST: #UD fault ring 0 RF ist2-28
// expect: gate closed to the user: #GP(102) fault ring 3 RF inner-30
// expect: int1 with a closed gate: #DB trap ring 3 inner-28 dr6 0
// expect: int3 open to the user: #BP trap ring 3 inner-28
// expect: pushed SS: 33
// expect: pushed RSP: 3000
// expect: SS from the user: 0
// expect: TSS too short: #TS(40) fault ring 0 RF ist1-30
// expect: ud2, TSS too short: #TS(41) fault ring 0 RF ist1-30
// expect: RSP0 isn't canonical: #SS(0) fault ring 3 RF ist1-30
// expect: ud2, RSP0 isn't canonical: #SS(1) fault ring 3 RF ist1-30
// expect: iretq to 32-bit code of the user: int 30 trap ring 3 inner-28
// expect: iretq inward: #GP(18) fault ring 3 RF inner-30
// expect: iretq to data: #GP(30) fault ring 0 RF main-60
// expect: iretq to absent code: #NP(58) fault ring 0 RF main-60
// expect: iretq to the user with a null stack: #GP(0) fault ring 0 RF main-60
// expect: iretq to privilege 0 with a null stack: int 30 trap ring 0 main-28
// expect: iretq to a stack of the wrong privilege: #GP(10) fault ring 0 RF main-60
// expect: iretq to an absent stack: #SS(50) fault ring 0 RF main-60
// expect: iretq to nobody: #GP(0) fault ring 0 RF main-60
#define MODE 64
#include "guest.h"
    .macro FRAME code, stack, label
    pushq $\stack
    pushq $MAIN_STACK
    pushq $2
    pushq $\code
    pushq $\label
    .endm
    .macro STACK_OF vector, number
    movb $\number, idt + 16 * \vector + 4
    .endm
// The task register again, with another limit.
    .macro SHORT_TASK limit
    movw $\limit, gdt + TASK
    movb $0x89, gdt + TASK + 5
    movw $TASK, %ax
    ltr %ax
    .endm
main:
    CASE "same privilege"
    AT
    int $0x30
    END
    CASE "unaligned by 8"
    pushq %rax
    AT
    int $0x30
    END
    CASE "unaligned by 1"
    decq %rsp
    AT
    int $0x30
    END
    CASE "from the user"
    TO_USER 1f
1:  AT
    int $0x30
    END
    subl $8, task + 4
    CASE "from the user, RSP0 unaligned"
    TO_USER 1f
1:  AT
    int $0x30
    END
    addl $8, task + 4
    CASE "from the user, with an error code"
    TO_USER 1f
1:  AT
    hlt
    END
    STACK_OF 6, 1
    CASE "IST from the user"
    TO_USER 1f
1:  AT
    ud2
    END
    CASE "IST from privilege 0"
    AT
    ud2
    END
    STACK_OF 6, 2
    CASE "other IST"
    AT
    ud2
    END
    STACK_OF 6, 0
    CASE "gate closed to the user"
    TO_USER 1f
1:  AT
    int $0x20
    END
    CASE "int1 with a closed gate"
    TO_USER 1f
1:  AT
    .byte 0xf1
    END
    CASE "int3 open to the user"
    TO_USER 1f
1:  AT
    int3
    END
    movl INNER_STACK - 8, %eax
    SHOW "pushed SS", %eax
    movl INNER_STACK - 16, %eax
    SHOW "pushed RSP", %eax
    movw %ss, %ax
    movzwl %ax, %eax
    SHOW "SS from the user", %eax
    movw $DATA, %ax
    movw %ax, %ss
    STACK_OF 10, 1
    STACK_OF 6, 2
    STACK_OF 0x30, 2
    SHORT_TASK 0x2f // up to IST1, which #TS itself has
    CASE "TSS too short"
    AT
    int $0x30
    END
    CASE "ud2, TSS too short"
    AT
    ud2
    END
    SHORT_TASK 0x67
    STACK_OF 6, 0
    STACK_OF 0x30, 0
    STACK_OF 12, 1
    movl $0x8000, task + 8
    CASE "RSP0 isn't canonical"
    TO_USER 1f
1:  AT
    int $0x30
    END
    CASE "ud2, RSP0 isn't canonical"
    TO_USER 1f
1:  AT
    ud2
    END
    movl $0, task + 8
    STACK_OF 12, 0
    CASE "iretq to 32-bit code of the user"
    AIM
    FRAME USER_CODE32, USER_DATA, 773f
    iretq
773:
    int $0x30
    END
    CASE "iretq inward"
    TO_USER 1f
1:  FRAME CODE64, DATA, main
    AT
    iretq
    END
    CASE "iretq to data"
    FRAME USER_DATA, USER_DATA, main
    AT
    iretq
    END
    CASE "iretq to absent code"
    FRAME ABSENT_CODE, DATA, main
    AT
    iretq
    END
    CASE "iretq to the user with a null stack"
    FRAME USER_CODE64, 0, main
    AT
    iretq
    END
    CASE "iretq to privilege 0 with a null stack"
    AIM
    FRAME CODE64, 0, 773f
    iretq
773:
    int $0x30
    END
    movw $DATA, %ax
    movw %ax, %ss
    CASE "iretq to a stack of the wrong privilege"
    FRAME USER_CODE64, DATA, main
    AT
    iretq
    END
    CASE "iretq to an absent stack"
    FRAME CODE64, ABSENT_DATA, main
    AT
    iretq
    END
    CASE "iretq to nobody"
    FRAME 0, DATA, main
    AT
    iretq
    END
    FINISH
