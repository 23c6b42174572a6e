// When interrupts come (SDM 3A 6.8.1, 6.8.3; SDM 2, STI): behind the instruction that follows an sti that opens, at once
// behind popf, not behind a load of SS; NMIs whatever IF says, but not until the handler's iret (6.7.1).
// expect: masked: nothing
// expect: sti: int 32 at+2 ring 0 IF main-28
// expect: sti and sti: int 32 at+2 ring 0 IF main-28
// expect: sti and cli: nothing
// expect: popf: int 32 at+1 ring 0 IF main-28
// expect: sti and hlt: int 32 trap ring 0 IF main-28
// expect: iretq: int 32 fault ring 0 IF main-28
// expect: while it is open: int 32 trap ring 0 IF main-28
// expect: two, the higher first: int 35 at+2 ring 0 IF main-28
// expect: two, then the lower: int 32 at+2 ring 0 IF main-28
// expect: below the task's priority: nothing
// expect: then above it: int 32 trap ring 0 IF main-28
// expect: NMI: #NMI trap ring 0 main-28
// expect: NMI while blocked: nothing
// expect: behind iretq: #NMI fault ring 0 main-28
#define MODE 64
#include "guest.h"
    .equ APIC, 0xfee00000
    .macro APIC_WRITE register, value
    movl $APIC, %eax
    movl $\value, \register(%rax)
    .endm
    .macro SEND command // to itself
    APIC_WRITE 0x310, 0
    APIC_WRITE 0x300, \command
    .endm
    .macro ENDED // of the interrupt that was taken
    APIC_WRITE 0xb0, 0
    .endm
main:
    movl $TABLES + 0x4003, TABLES + 0x1018
    movl $0xfee00083, TABLES + 0x4000 + 8 * 503
    APIC_WRITE 0xf0, 0x1ff
    movb $0xff, %al
    outb %al, $0x21
    outb %al, $0xa1
    SEND 0x4032
    CASE "masked"
    AT
    nop
    END
    CASE "sti"
    AT
    sti
    nop
    nop
    END
    cli
    ENDED
    SEND 0x4032
    CASE "sti and sti"
    AT
    sti
    sti
    nop
    END
    cli
    ENDED
    SEND 0x4032
    CASE "sti and cli"
    AT
    sti
    cli
    nop
    END
    CASE "popf"
    AIM
    pushq $0x202
773:
    popfq
    nop
    END
    ENDED
    SEND 0x4032
    CASE "sti and hlt"
    AT
    sti
    hlt
    END
    ENDED
    SEND 0x4032
    CASE "iretq"
    AIM
    pushq $DATA
    pushq $MAIN_STACK
    pushq $0x202
    pushq $CODE64
    pushq $773f
    iretq
773:
    nop
    END
    ENDED
    CASE "while it is open"
    movl $APIC, %eax
    movl $0, 0x310(%rax)
    sti
    AT
    movl $0x4032, 0x300(%rax)
    END
    cli
    ENDED
    SEND 0x4032
    SEND 0x4035
    CASE "two, the higher first"
    AT
    sti
    nop
    nop
    END
    cli
    ENDED
    CASE "two, then the lower"
    AT
    sti
    nop
    nop
    END
    cli
    ENDED
    CASE "below the task's priority"
    movl $3, %eax
    movq %rax, %cr8
    SEND 0x4032
    sti
    AT
    nop
    END
    CASE "then above it"
    sti
    xorl %eax, %eax
    AT
    movq %rax, %cr8
    END
    cli
    ENDED
    CASE "NMI"
    movl $APIC, %eax
    movl $0, 0x310(%rax)
    AT
    movl $0x4400, 0x300(%rax)
    END
    CASE "NMI while blocked"
    movl $APIC, %eax
    AT
    movl $0x4400, 0x300(%rax)
    END
    CASE "behind iretq"
    AIM
    pushq $DATA
    pushq $MAIN_STACK
    pushq $2
    pushq $CODE64
    pushq $773f
    iretq
773:
    nop
    END
    FINISH
