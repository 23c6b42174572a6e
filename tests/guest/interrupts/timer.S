// The local APIC's timer, once and periodic, into loops at privilege 0 and 3 and into halts; interrupts to itself;
// x2APIC mode.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
main:
    SET_UP_APICS
    GATE 0x20, tick
    GATE 0x21, self
    GATE 0x22, wide
    GATE 6, back

    APIC_WRITE 0x3e0, 0xb // divided by 1: 1 GHz
    APIC_WRITE 0x320, 0x20
    APIC_WRITE 0x380, 300000
    sti
    SPIN_UNTIL tick_count, 1
    TELL "one-shot, loop at 0", tick_count
    APIC_WRITE 0x380, 300000
    SLEEP_UNTIL tick_count, 2
    TELL "one-shot, hlt", tick_count

    cli
    movl $0, tick_count
    APIC_WRITE 0x320, 0x20020
    APIC_WRITE 0x380, 2000000
    sti
    SLEEP_UNTIL tick_count, 10
    SPIN_UNTIL tick_count, 20
    TO_USER user, 0x202
user:
    SPIN_UNTIL tick_count, 30
    ud2
back:
    mov $MAIN_STACK, %rsp
    APIC_WRITE 0x320, 0x10020
    APIC_WRITE 0x380, 0
    TELL "periodic to privilege 3", $30

    APIC_WRITE 0x310, 0
    APIC_WRITE 0x300, 0x4021
    sti
    SPIN_UNTIL self_count, 1
    TELL "to itself", self_count

    cli
    movl $0x1b, %ecx
    rdmsr
    orl $0xc00, %eax
    wrmsr
    movl $0x802, %ecx // the identity
    rdmsr
    SHOW "x2APIC", %eax
    movl $0x83f, %ecx // to itself
    movl $0x22, %eax
    xorl %edx, %edx
    wrmsr
    sti
    SPIN_UNTIL wide_count, 1
    TELL "x2APIC to itself", wide_count
    FINISH

    COUNTER tick
    COUNTER self
wide:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incl wide_count
    movl $0x80b, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popq %rdx
    popq %rcx
    popq %rax
    iretq
    .data
wide_count: .long 0
