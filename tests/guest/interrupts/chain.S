// One-shot timers, each set by the handler of the one before: a lost one ends the chain, one too many or too early is
// seen by the time-stamp counter. In between there are exits to the machine, by which engines can change.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
#define LINKS 150
#define COUNTS 1000000 /* of the timer, at 1 GHz */
main:
    SET_UP_APICS
    GATE 0x20, link
    APIC_WRITE 0x3e0, 0xb
    APIC_WRITE 0x320, 0x20
    // The time-stamp counter's ticks in one link (SDM 2A, CPUID leaf 15h), less a hundredth: crystals agree, readings
    // don't quite.
    movl $0x15, %eax
    xorl %ecx, %ecx
    cpuid
    movl %eax, %esi
    movl %ecx, %eax
    mull %ebx
    shlq $32, %rdx
    orq %rdx, %rax
    xorl %edx, %edx
    divq %rsi
    movl $1000 + 10, %ecx
    xorl %edx, %edx
    divq %rcx
    movq %rax, least_ticks
    call set
    sti
1:  outb %al, $0x80
    cmpl $LINKS, links
    jb 1b
    TELL "links", links
    TELL "too early", early
    FINISH

set:
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, set_at
    APIC_WRITE 0x380, COUNTS
    ret

link:
    pushq %rax
    pushq %rdx
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq set_at, %rax
    cmpq least_ticks, %rax
    jae 1f
    incl early
1:  incl links
    ENDED
    cmpl $LINKS, links
    jae 1f
    call set
1:  popq %rdx
    popq %rax
    iretq
    .data
    .balign 8
least_ticks: .quad 0
set_at: .quad 0
links: .long 0
early: .long 0
