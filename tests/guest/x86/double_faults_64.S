// Faults on the way to a handler (SDM 3A 6.15, #DF, table 6-5): of two contributory ones, or after a page fault, a double
// fault comes out, with error code 0 and without RF, which only faults push; else the second is handled as if it were
// alone. #DF has a stack of its own here, for its stack may be what failed.
// expect: int through an absent gate: #NP(102) fault ring 0 RF main-30
// expect: ud2, absent gate: #NP(33) fault ring 0 RF main-30
// expect: ud2, gate of the wrong type: #GP(33) fault ring 0 RF main-30
// expect: ud2, null code: #GP(1) fault ring 0 RF main-30
// expect: ud2, address of the gate isn't canonical: #GP(1) fault ring 0 RF main-30
// expect: ud2, stack absent: #PF(2) fault ring 0 RF main-30 cr2 3ffffff8
// expect: ud2, stack isn't canonical: #SS(1) fault ring 0 RF main-30
// expect: int3, stack absent: #PF(2) fault ring 0 RF main-30 cr2 3ffffff8
// expect: #DE, absent gate: #DF(0) fault ring 0 ist1-30
// expect: #GP, absent gate: #DF(0) fault ring 0 ist1-30
// expect: #NP, absent gate: #DF(0) fault ring 0 ist1-30
// expect: #SS, absent gate: #DF(0) fault ring 0 ist1-30
// expect: #GP, stack absent: #PF(2) fault ring 0 RF main-30 cr2 3ffffff8
// expect: #PF, absent gate: #DF(0) fault ring 0 ist1-30
// expect: #PF, stack absent: #DF(0) fault ring 0 ist1-30
// expect: CR2 of the second: 3ffffff8
// expect: push to an absent stack: #DF(0) fault ring 0 ist1-30
// expect: #PF, stack isn't canonical: #DF(0) fault ring 0 ist1-30
// expect: #UD, #NP, absent gates: #DF(0) fault ring 0 ist1-30
// expect: #UD, then #PF, then #NP: #DF(0) fault ring 0 ist1-30
// expect: #PF, its gate on an absent page: #DF(0) fault ring 0 ist1-30
#define MODE 64
#include "guest.h"
    .macro CLOSE vector
    andb $0x7f, idt + 16 * \vector + 5
    .endm
    .macro OPEN vector
    movb $0x8e, idt + 16 * \vector + 5
    .endm
    .macro STACK_OF vector, number
    movb $\number, idt + 16 * \vector + 4
    .endm
main:
    STACK_OF 8, 1
    movl $NOWHERE, task + 36 + 8 // IST2
    movl $0, task + 36 + 12
    movabsq $0x800000000000, %rax
    movq %rax, task + 36 + 16 // IST3
    CASE "int through an absent gate"
    GATE 0x20, 0, 0x0e
    AT
    int $0x20
    END
    CLOSE 6
    CASE "ud2, absent gate"
    AT
    ud2
    END
    CASE "ud2, gate of the wrong type"
    movb $0x85, idt + 16 * 6 + 5 // a task gate
    AT
    ud2
    END
    CASE "ud2, null code"
    OPEN 6
    movw $0, idt + 16 * 6 + 2
    AT
    ud2
    END
    movw $CODE64, idt + 16 * 6 + 2
    CASE "ud2, address of the gate isn't canonical"
    movl $0x8000, idt + 16 * 6 + 8
    AT
    ud2
    END
    movl $0, idt + 16 * 6 + 8
    STACK_OF 6, 2
    CASE "ud2, stack absent"
    AT
    ud2
    END
    STACK_OF 6, 3
    CASE "ud2, stack isn't canonical"
    AT
    ud2
    END
    STACK_OF 6, 0
    STACK_OF 3, 2
    CASE "int3, stack absent"
    AT
    int3
    END
    CLOSE 0
    CASE "#DE, absent gate"
    xorl %ecx, %ecx
    AT
    divl %ecx
    END
    CLOSE 13
    CASE "#GP, absent gate"
    movw $USER_DATA, %ax
    AT
    movw %ax, %ss
    END
    OPEN 13
    CLOSE 11
    CASE "#NP, absent gate"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ds
    END
    OPEN 11
    CLOSE 12
    CASE "#SS, absent gate"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ss
    END
    OPEN 12
    STACK_OF 13, 2
    CASE "#GP, stack absent"
    movw $USER_DATA, %ax
    AT
    movw %ax, %ss
    END
    STACK_OF 13, 0
    CLOSE 14
    CASE "#PF, absent gate"
    AT
    movl NOWHERE, %eax
    END
    OPEN 14
    STACK_OF 14, 2
    CASE "#PF, stack absent"
    AT
    movl NOWHERE, %eax
    END
    movq %cr2, %rax
    SHOW "CR2 of the second", %eax
    STACK_OF 14, 0
    CASE "push to an absent stack"
    movl $NOWHERE, %esp
    AT
    pushq %rax
    END
    STACK_OF 14, 3
    CASE "#PF, stack isn't canonical"
    AT
    movl NOWHERE, %eax
    END
    STACK_OF 14, 0
    CLOSE 6
    CLOSE 11
    CASE "#UD, #NP, absent gates"
    AT
    ud2
    END
    OPEN 11
    OPEN 6
    STACK_OF 6, 2
    CLOSE 14
    CASE "#UD, then #PF, then #NP"
    AT
    ud2
    END
    OPEN 14
    CASE "#PF, its gate on an absent page" // the gates before it lie on one that is there
    movl $TABLES + 0x4007, TABLES + 0x1008 // the second GiB, of which the first page is mapped
    movl $TABLES + 0x5007, TABLES + 0x4000
    movl $TABLES + 0x6007, TABLES + 0x5000
    movl $idt, %esi
    movl $NOWHERE + 0x1000 - 16 * 14, %edi
    movl $4 * 14, %ecx
    rep movsl
    movw $0x1ff, STACKS
    movq $NOWHERE + 0x1000 - 16 * 14, STACKS + 2
    lidt STACKS
    AT
    movl NOWHERE + 0x1800, %eax
    END
    lidt idtr
    FINISH
