// The local APIC's timer by deadlines of the time-stamp counter, into a loop and out of a halt.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
main:
    SET_UP_APICS
    GATE 0x20, tick
    APIC_WRITE 0x320, 0x40020
    call deadline
    sti
    SPIN_UNTIL tick_count, 1
    call deadline
    SLEEP_UNTIL tick_count, 2
    TELL "deadlines", tick_count
    FINISH

// 300000 ticks of the time-stamp counter from now.
deadline:
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    addq $300000, %rax
    movq %rax, %rdx
    shrq $32, %rdx
    movl $0x6e0, %ecx
    wrmsr
    ret

    COUNTER tick
