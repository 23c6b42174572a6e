// Exceptions through task gates (SDM 3A 6.12.2, 7.3): the old task's registers are in its TSS, with RF if it was a fault,
// the error code is on the new task's stack, NT is set and the link points back; CR0.TS is set. Faults of the switch name
// the TSS. And what a switch does to debug registers (SDM 3B 17.2.4).
// expect: int 31: task
// expect: error code: none
// expect: link: 40
// expect: NT and IF: 4000
// expect: CR0.TS: 8
// expect: saved EIP behind the instruction: 0
// expect: saved flags: 2
// expect: #GP: task
// expect: error code: 30
// expect: saved EIP at the instruction: 0
// expect: saved flags: 10002
// expect: #DF: task
// expect: error code: 0
// expect: user, SS0 null: task
// expect: error code: 1
// expect: int from the user, SS0 null: task
// expect: error code: 0
// expect: user, SS0 of the user: task
// expect: error code: 31
// expect: user, SS0 absent: task
// expect: error code: 51
// expect: TSS is busy: #GP(90) fault ring 0 RF main-10
// expect: TSS is absent: #NP(90) fault ring 0 RF main-10
// expect: TSS is too short: #TS(90) fault ring 0 RF main-10
// expect: no TSS: #GP(10) fault ring 0 RF main-10
// expect: TSS in the LDT: #GP(94) fault ring 0 RF main-10
// expect: null TSS: #GP(0) fault ring 0 RF main-10
// expect: ud2, TSS is busy: #GP(91) fault ring 0 RF main-10
// expect: trap flag: #DB trap ring 0 other-c dr6 8000
// expect: DR7 keeps global breakpoints: 6aa
#define MODE 32
#include "guest.h"
    .equ OTHER, FREE
    .macro TASK_GATE vector, selector
    movl $((\selector) << 16), idt + 8 * \vector
    movl $0xe500, idt + 8 * \vector + 4
    .endm
    .macro OTHER_TASK rights, limit
    movl $other_task, %eax
    shll $16, %eax
    movw $\limit, %ax
    movl %eax, gdt + OTHER
    movl $\rights << 8, gdt + OTHER + 4
    .endm
main:
    OTHER_TASK 0x89, 0x67
    TASK_GATE 0x31, OTHER
    movl $1, tells_all
    CASE "int 31"
    AT
    int $0x31
    END
    clts
    TASK_GATE 13, OTHER
    movl $2, tells_all
    CASE "#GP"
    movw $USER_DATA, %ax
    AT
    movw %ax, %ss
    END
    movl $0, tells_all
    movl $stubs + 16 * 13, %eax
    movw %ax, idt + 8 * 13
    GATE 13, stubs + 16 * 13
    TASK_GATE 8, OTHER
    andb $0x7f, idt + 8 * 11 + 5
    CASE "#DF"
    movw $ABSENT_DATA, %ax
    AT
    movw %ax, %ds
    END
    orb $0x80, idt + 8 * 11 + 5
    TASK_GATE 10, OTHER
    TASK_GATE 12, OTHER
    movl $0, task + 8
    CASE "user, SS0 null"
    TO_USER 1f
1:  AT
    ud2
    END
    CASE "int from the user, SS0 null"
    TO_USER 1f
1:  AT
    int $0x30
    END
    movl $USER_DATA, task + 8
    CASE "user, SS0 of the user"
    TO_USER 1f
1:  AT
    ud2
    END
    movl $ABSENT_DATA, task + 8
    CASE "user, SS0 absent"
    TO_USER 1f
1:  AT
    ud2
    END
    movl $DATA, task + 8
    GATE 10, stubs + 16 * 10
    GATE 12, stubs + 16 * 12
    OTHER_TASK 0x8b, 0x67
    CASE "TSS is busy"
    AT
    int $0x31
    END
    OTHER_TASK 0x09, 0x67
    CASE "TSS is absent"
    AT
    int $0x31
    END
    OTHER_TASK 0x89, 0x66
    CASE "TSS is too short"
    AT
    int $0x31
    END
    TASK_GATE 0x31, DATA
    CASE "no TSS"
    AT
    int $0x31
    END
    TASK_GATE 0x31, OTHER + 4
    CASE "TSS in the LDT"
    AT
    int $0x31
    END
    TASK_GATE 0x31, 0
    CASE "null TSS"
    AT
    int $0x31
    END
    OTHER_TASK 0x8b, 0x67
    TASK_GATE 6, OTHER
    CASE "ud2, TSS is busy"
    AT
    ud2
    END
    OTHER_TASK 0x89, 0x67
    movl $0x7ff, %eax
    movl %eax, %dr7
    movl $1f, other_task + 32
    movl $1f, case_after
    movw $1, other_task + 100
    CASE "trap flag"
    movl $1f, case_after
    ljmp $OTHER, $0
771:
772:
1:  movl %dr7, %eax
    SHOW "DR7 keeps global breakpoints", %eax
    FINISH

// In the other task.
handler:
    movl $0x402, %edx
    movl case_name, %esi
    call print_text
    movl $task_text, %esi
    call print_text
    cmpl $OTHER_STACK, %esp
    je 1f
    popl %eax
    SHOW "error code", %eax
    jmp 2f
1:  movl $none_text, %esi
    movl $0x402, %edx
    call print_text
2:  cmpl $1, tells_all
    jne 1f
    movzwl other_task, %eax
    SHOW "link", %eax
    pushfl
    popl %eax
    andl $0x4200, %eax
    SHOW "NT and IF", %eax
    movl %cr0, %eax
    andl $8, %eax
    SHOW "CR0.TS", %eax
    movl task + 32, %eax
    subl case_after, %eax
    SHOW "saved EIP behind the instruction", %eax
    jmp 3f
1:  cmpl $2, tells_all
    jne 2f
    movl task + 32, %eax
    subl case_at, %eax
    SHOW "saved EIP at the instruction", %eax
3:  movl task + 36, %eax
    SHOW "saved flags", %eax
2:  movl case_resume, %eax
    movl %eax, task + 32
    movl $2, task + 36
    movl $MAIN_STACK, task + 56
    movl $CODE32, task + 76
    movl $DATA, task + 80
    movl $DATA, task + 84
    movl $DATA, task + 72
    iretl
    jmp handler

    .data
    .balign 16
other_task:
    .long 0
    .fill 6, 4, 0
    .long 0, handler, 2 // CR3, EIP, EFLAGS
    .fill 4, 4, 0
    .long OTHER_STACK, 0, 0, 0 // ESP, EBP, ESI, EDI
    .long DATA, CODE32, DATA, DATA, DATA, DATA, 0
    .word 0, 104
tells_all: .long 0
task_text: .asciz ": task\n"
none_text: .asciz "error code: none\n"
    .text
