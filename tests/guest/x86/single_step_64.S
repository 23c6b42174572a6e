// The trap flag (SDM 3B 17.3.1.4): a trap behind each instruction, beginning with the one behind that which sets TF; each
// iteration of a repeated string is an instruction. syscall is trapped if it leaves TF set, int n isn't, iretq is if TF
// was set before, and mov ss keeps the trap from itself. Handlers run without TF, and the frame has it.
// expect: nop: #DB trap ring 0 TF main-28 dr6 4000
// expect: popf: #DB trap ring 0 TF main-38 dr6 4000
// expect: popf that clears TF: #DB trap ring 0 main-28 dr6 4000
// expect: pushf: #DB trap ring 0 TF main-38 dr6 4000
// expect: taken jump: #DB at+4 ring 0 TF main-28 dr6 4000
// expect: call: #DB trap ring 0 TF main-38 dr6 4000
// expect: ud2: #UD fault ring 0 RF TF main-28
// expect: page fault: #PF(0) fault ring 0 RF TF main-30 cr2 40000000
// expect: three: #DB at+1 ring 0 TF main-28 dr6 4000
// expect: three: #DB at+2 ring 0 TF main-28 dr6 4000
// expect: three: #DB trap ring 0 TF main-28 dr6 4000
// expect: rep stosb: #DB fault ring 0 RF TF main-28 dr6 4000
// expect: rep stosb: #DB fault ring 0 RF TF main-28 dr6 4000
// expect: rep stosb: #DB trap ring 0 TF main-28 dr6 4000
// expect: rep stosb of none: #DB trap ring 0 TF main-28 dr6 4000
// expect: repe cmpsb: #DB fault ring 0 RF TF main-28 dr6 4000
// expect: repe cmpsb: #DB trap ring 0 TF main-28 dr6 4000
// expect: mov ss: #DB at+3 ring 0 TF main-28 dr6 4000
// expect: int 30: int 30 trap ring 0 TF main-28
// expect: int3: #BP trap ring 0 TF main-28
// expect: behind int 30: int 30 at+2 ring 0 TF main-28
// expect: behind int 30: #DB trap ring 0 TF main-28 dr6 4000
// expect: iretq that sets TF: #DB at+1 ring 0 TF main-28 dr6 4000
// expect: iretq that clears TF: #DB trap ring 0 main-28 dr6 4000
// expect: cpuid: #DB trap ring 0 TF main-28 dr6 4000
// expect: x87: #DB trap ring 0 TF main-28 dr6 4000
// expect: sse: #DB trap ring 0 TF main-28 dr6 4000
// expect: mov to cr3: #DB trap ring 0 TF main-28 dr6 4000
// expect: sti: #DB trap ring 0 TF IF main-28 dr6 4000
// expect: syscall, TF not masked: #DB trap ring 0 TF main-28 dr6 4000
// expect: syscall, TF masked: int 30 trap ring 0 main-28
// expect: the user's: #DB trap ring 3 TF inner-28 dr6 4000
#define MODE 64
#include "guest.h"
    .macro STEP // TF from the next instruction on, which AT's label is to stand before
    AIM
    pushq $0x102
    popfq
773:
    .endm
main:
    CASE "nop"
    STEP
    nop
    END
    CASE "popf"
    AIM
    pushq $2
    pushq $0x102
773:
    popfq
    nop
    END
    CASE "popf that clears TF"
    pushq $2
    STEP
    popfq
    END
    CASE "pushf"
    STEP
    pushfq
    END
    CASE "taken jump"
    STEP
    jmp 1f
    nop
    nop
1:  nop
    END
    CASE "call"
    STEP
    call 1f
1:  END
    CASE "ud2"
    STEP
    ud2
    END
    CASE "page fault"
    STEP
    movl NOWHERE, %eax
    END
    CASE "three"
    RETURNS 2
    STEP
    nop
    nop
    nop
    END
    CASE "rep stosb"
    RETURNS 2
    movl $STACKS, %edi
    movl $3, %ecx
    STEP
    rep stosb
    END
    CASE "rep stosb of none"
    xorl %ecx, %ecx
    STEP
    rep stosb
    END
    CASE "repe cmpsb"
    RETURNS 1
    movl $0x100, STACKS
    movl $0, STACKS + 16
    movl $STACKS, %edi
    movl $STACKS + 16, %esi
    movl $4, %ecx
    STEP
    repe cmpsb
    END
    CASE "mov ss"
    movw $DATA, %ax
    STEP
    movw %ax, %ss
    nop
    nop
    END
    CASE "int 30"
    STEP
    int $0x30
    END
    CASE "int3"
    STEP
    int3
    END
    CASE "behind int 30"
    RETURNS 1
    STEP
    int $0x30
    nop
    END
    CASE "iretq that sets TF"
    AIM
    pushq $DATA
    pushq $MAIN_STACK
    pushq $0x102
    pushq $CODE64
    pushq $773f
    iretq
773:
    nop
    nop
    END
    CASE "iretq that clears TF"
    pushq $DATA
    pushq $MAIN_STACK
    pushq $2
    pushq $CODE64
    pushq $1f
    STEP
    iretq
1:
    END
    CASE "cpuid"
    xorl %eax, %eax
    STEP
    cpuid
    END
    CASE "x87"
    STEP
    fldz
    END
    fninit
    CASE "sse"
    STEP
    addps %xmm0, %xmm0
    END
    CASE "mov to cr3"
    movq %cr3, %rax
    STEP
    movq %rax, %cr3
    END
    CASE "sti"
    STEP
    sti
    END
    movl $0xc0000081, %ecx
    xorl %eax, %eax
    movl $(USER_CODE32 << 16 | CODE64), %edx
    wrmsr
    incl %ecx
    movl $after_syscall, %eax
    xorl %edx, %edx
    wrmsr
    CASE "syscall, TF not masked"
    AIM
    movl $after_syscall, case_after
    pushq $0x102
    popfq
773:
    syscall
    END
    movl $0xc0000084, %ecx
    movl $0x100, %eax
    xorl %edx, %edx
    wrmsr
    CASE "syscall, TF masked"
    AIM
    movl $after_syscall + 3, case_after
    pushq $0x102
    popfq
773:
    syscall
    END
    CASE "the user's"
    TO_USER 1f
1:  STEP
    nop
    END
    FINISH
after_syscall:
    nop
    int $0x30
