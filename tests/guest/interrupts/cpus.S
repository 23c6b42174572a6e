// A second CPU: INIT and start-up, both count in one place, and each wakes the other from hlt.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
#define COUNTED 200000
#define WOKEN 50
    .macro COUNT
    movl $COUNTED, %ecx
1:  lock incl counted
    decl %ecx
    jnz 1b
    .endm
    .macro START_OTHER // all others
    APIC_WRITE 0x300, 0xc4500
    movl $start_up, %edx
    shrl $12, %edx
    orl $0xc4600, %edx
    movl %edx, 0x300(%rax)
    .endm
main:
    SET_UP_APICS
    GATE 0x23, ping
    GATE 0x24, pong
    START_OTHER
    SPIN_UNTIL started, 1
    COUNT
    SPIN_UNTIL counted, 2 * COUNTED
    TELL "counted by both", counted
    movl $1, %ebx
1:  APIC_WRITE 0x310, 1 << 24
    APIC_WRITE 0x300, 0x4023
2:  cli
    cmpl %ebx, pong_count
    jae 3f
    sti
    hlt
    jmp 2b
3:  sti
    incl %ebx
    cmpl $WOKEN + 1, %ebx
    jb 1b
    TELL "pings", ping_count
    TELL "pongs", pong_count
    // Again from the start, out of its hlt.
    movl $0, started
    START_OTHER
    SPIN_UNTIL started, 1
    SPIN_UNTIL counted, 3 * COUNTED
    TELL "started again", counted
    FINISH

ping:
    pushq %rax
    incl ping_count
    ENDED
    APIC_WRITE 0x310, 0
    APIC_WRITE 0x300, 0x4024
    popq %rax
    iretq
    COUNTER pong

    .balign 4096
start_up:
    .code16
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl gdtr
    movl $0x620, %eax // OSFXSR, OSXMMEXCPT, PAE
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x901, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl $CODE64, $1f
    .code64
1:  movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $OTHER_STACK, %esp
    lidt idtr
    APIC_WRITE 0xf0, 0x1ff
    incl started
    COUNT
    sti
1:  hlt
    jmp 1b
    .data
    .balign 4
started: .long 0
counted: .long 0
ping_count: .long 0
