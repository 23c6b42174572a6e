// The APICs: their registers, handlers, and waiting for these. Macros lose %rax, TELL also what SHOW does.
#pragma once

#define APIC 0xfee00000
#define IO_APIC 0xfec00000

    .macro APIC_WRITE register, value
    movl $APIC, %eax
    movl $\value, \register(%rax)
    .endm

// Entry of a pin: the lower half.
    .macro IO_APIC_WRITE pin, value
    movl $IO_APIC, %eax
    movl $0x10 + 2 * \pin, (%rax)
    movl $\value, 0x10(%rax)
    .endm

    .macro ENDED // of the interrupt that was taken
    APIC_WRITE 0xb0, 0
    .endm

// A handler that counts.
    .macro COUNTER name
\name:
    pushq %rax
    lock incl \name\()_count
    ENDED
    popq %rax
    iretq
    .data
    .balign 4
\name\()_count: .long 0
    .text
    .endm

// Waits by hlt until a counter is there, on the CPU that counts.
    .macro SLEEP_UNTIL counter, count
1:  cli
    cmpl $\count, \counter
    jae 2f
    sti
    hlt
    jmp 1b
2:  sti
    .endm

    .macro SPIN_UNTIL counter, count
1:  cmpl $\count, \counter
    jb 1b
    .endm

// Maps their registers, enables the local one, masks the 8259s.
    .macro SET_UP_APICS
    movl $TABLES + 0x4003, TABLES + 0x1018
    movl $IO_APIC + 0x83, TABLES + 0x4000 + 8 * 502
    movl $APIC + 0x83, TABLES + 0x4000 + 8 * 503
    APIC_WRITE 0xf0, 0x1ff
    movb $0xff, %al
    outb %al, $0x21
    outb %al, $0xa1
    .endm

    .macro TELL name, value:vararg
    movl \value, %eax
    SHOW "\name", %eax
    .endm
