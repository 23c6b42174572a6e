// syscall, sysret, sysenter and sysexit (SDM 3A 5.8.7 and 5.8.8; SDM 2): flat segments by convention, flags masked by
// SFMASK or, by sysenter, without IF, and no stack but RSP or the one of the MSR. (Single steps are in single_step_64.S.)
// expect: syscall: int 30 trap ring 0 user-28
// expect: CS: 18
// expect: SS: 20
// expect: RCX is where it goes on: 0
// expect: R11 has the flags: 40402
// expect: flags: 2
// expect: sysretq: int 30 trap ring 3 DF inner-28
// expect: pushed CS: 3b
// expect: pushed SS: 33
// expect: sysretl: int 30 trap ring 3 inner-28
// expect: pushed CS: 2b
// expect: sysretq to nowhere: #GP(0) fault ring 0 RF main-30
// expect: syscall without SCE: #UD fault ring 0 RF main-28
// expect: sysret without SCE: #UD fault ring 0 RF main-28
// expect: user's sysret without SCE: #UD fault ring 3 RF inner-28
// expect: sysenter without CS: #GP(0) fault ring 3 RF inner-30
// expect: sysenter: int 30 trap ring 0 DF other-28
// expect: CS: 18
// expect: SS: 20
// expect: flags: 402
// expect: sysexit: int 30 trap ring 3 inner-28
// expect: pushed CS: 3b
// expect: pushed SS: 43
// expect: pushed RSP: 2f00
// expect: sysexit to 32-bit code: int 30 trap ring 3 inner-28
// expect: pushed CS: 2b
// expect: pushed SS: 33
// expect: user's sysexit: #GP(0) fault ring 3 RF inner-30
// expect: sysexit to nowhere: #GP(0) fault ring 0 RF main-30
// expect: sysexit without CS: #GP(0) fault ring 0 RF main-30
#define MODE 64
#include "guest.h"
    .macro MSR number, low, high = 0
    movl $\number, %ecx
    movl $\low, %eax
    movl $\high, %edx
    wrmsr
    .endm
    .macro SHOW_PUSHED name, offset
    movl INNER_STACK - \offset, %eax
    SHOW "\name", %eax
    .endm
    .macro SHOW_SEEN name, place
    movl \place, %eax
    SHOW "\name", %eax
    .endm
main:
    MSR 0xc0000081, 0, (USER_CODE32 << 16 | CODE64)
    MSR 0xc0000082, entry
    MSR 0xc0000084, 0x40600 // AC, DF and IF
    CASE "syscall"
    movl $2f, seen_aim
    TO_USER 1f, 0x40402
1:  AIM
    movl $entry_done, case_after
    syscall
2:
773:
    END
    SHOW_SEEN "CS", seen_code
    SHOW_SEEN "SS", seen_stack
    movl seen_rcx, %eax
    subl seen_aim, %eax
    SHOW "RCX is where it goes on", %eax
    SHOW_SEEN "R11 has the flags", seen_r11
    SHOW_SEEN "flags", seen_flags
    CASE "sysretq"
    AIM
    movl $773f, %ecx
    movl $0x402, %r11d
    movl $USER_STACK, %esp
    sysretq
773:
    int $0x30
    END
    SHOW_PUSHED "pushed CS", 32
    SHOW_PUSHED "pushed SS", 8
    CASE "sysretl"
    AIM
    movl $773f, %ecx
    movl $2, %r11d
    sysretl
773:
    int $0x30
    END
    SHOW_PUSHED "pushed CS", 32
    CASE "sysretq to nowhere"
    movabsq $0x800000000000, %rcx
    AT
    sysretq
    END
    movl $0xc0000080, %ecx
    rdmsr
    andl $~1, %eax
    wrmsr
    CASE "syscall without SCE"
    AT
    syscall
    END
    CASE "sysret without SCE"
    AT
    sysretq
    END
    CASE "user's sysret without SCE"
    TO_USER 1f
1:  AT
    sysretq
    END
    CASE "sysenter without CS"
    TO_USER 1f
1:  AT
    sysenter
    END
    MSR 0x174, CODE64
    MSR 0x175, OTHER_STACK
    MSR 0x176, entry
    CASE "sysenter"
    TO_USER 1f, 0x402
1:  AIM
    movl $entry_done, case_after
773:
    sysenter
    END
    SHOW_SEEN "CS", seen_code
    SHOW_SEEN "SS", seen_stack
    SHOW_SEEN "flags", seen_flags
    CASE "sysexit"
    AIM
    movl $773f, %edx
    movl $USER_STACK - 0x100, %ecx
    sysexitq
773:
    int $0x30
    END
    SHOW_PUSHED "pushed CS", 32
    SHOW_PUSHED "pushed SS", 8
    SHOW_PUSHED "pushed RSP", 16
    CASE "sysexit to 32-bit code"
    AIM
    movl $773f, %edx
    movl $USER_STACK, %ecx
    sysexitl
773:
    int $0x30
    END
    SHOW_PUSHED "pushed CS", 32
    SHOW_PUSHED "pushed SS", 8
    CASE "user's sysexit"
    TO_USER 1f
1:  AT
    sysexitq
    END
    CASE "sysexit to nowhere"
    movabsq $0x800000000000, %rdx
    movl $USER_STACK, %ecx
    AT
    sysexitq
    END
    MSR 0x174, 0
    CASE "sysexit without CS"
    movl $main, %edx
    movl $USER_STACK, %ecx
    AT
    sysexitq
    END
    FINISH
// What syscall and sysenter lead to: takes notes, and raises an interrupt.
entry:
    movl %ecx, seen_rcx
    movl %r11d, seen_r11
    movw %cs, seen_code
    movw %ss, seen_stack
    pushfq
    popq %rax
    movl %eax, seen_flags
    int $0x30
entry_done:
    .data
    .balign 4
seen_code: .long 0
seen_stack: .long 0
seen_rcx: .long 0
seen_r11: .long 0
seen_flags: .long 0
seen_aim: .long 0
    .text
