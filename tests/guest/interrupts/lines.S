// Interrupt lines: the 8254 through the 8259s and LINT0, then through the I/O APIC by edges, then by its level, which
// interrupts again after each end for as long as it is there.
#define MODE 64
#include "tests/guest/x86/guest.h"
#include "tests/guest/interrupts/apic.h"
#define LEVELS 30
    .macro OUT port, value
    movb $\value, %al
    outb %al, $\port
    .endm
    .macro RATE mode, low, high // of the 8254's first counter
    OUT 0x43, \mode
    OUT 0x40, \low
    OUT 0x40, \high
    .endm
main:
    SET_UP_APICS
    GATE 0x28, pic
    GATE 0x29, edge
    GATE 0x2a, level

    OUT 0x20, 0x11
    OUT 0x21, 0x28
    OUT 0x21, 4
    OUT 0x21, 1
    OUT 0x21, 0xfe
    APIC_WRITE 0x350, 0x700 // ExtINT
    RATE 0x34, 0xa9, 0x04 // 1 kHz
    sti
    SLEEP_UNTIL pic_count, 10
    SPIN_UNTIL pic_count, 20
    cli
    OUT 0x21, 0xff
    APIC_WRITE 0x350, 0x10000
    TELL "by the 8259s", $20

    IO_APIC_WRITE 2, 0x29
    sti
    SLEEP_UNTIL edge_count, 10
    SPIN_UNTIL edge_count, 20
    cli
    IO_APIC_WRITE 2, 0x10029
    TELL "by edges", $20

    RATE 0x36, 0, 0 // half of 55 ms it is high
    IO_APIC_WRITE 2, 0x802a
    sti
    SPIN_UNTIL level_count, LEVELS
    TELL "by its level", level_count
    FINISH

pic:
    pushq %rax
    incl pic_count
    OUT 0x20, 0x20
    popq %rax
    iretq
    COUNTER edge
level:
    pushq %rax
    incl level_count
    cmpl $LEVELS, level_count
    jb 1f
    IO_APIC_WRITE 2, 0x1802a
1:  ENDED
    popq %rax
    iretq
    .data
    .balign 4
pic_count: .long 0
level_count: .long 0
