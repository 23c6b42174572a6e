// Ports that the user may use (SDM 1, 19.5): with an IOPL of 3 all, else those whose bits in the TSS are 0; two bytes are
// read of the map, so that a byte of ones must end it. The supervisor, with an IOPL of 0, needs no map.
// expect: open: nothing
// expect: closed: #GP(0) fault ring 3 RF inner-18
// expect: word, both open: nothing
// expect: word, second closed: #GP(0) fault ring 3 RF inner-18
// expect: dword across bytes of the map: #GP(0) fault ring 3 RF inner-18
// expect: dword, open: nothing
// expect: last port of the map: nothing
// expect: beyond the map: #GP(0) fault ring 3 RF inner-18
// expect: in the map's last byte: #GP(0) fault ring 3 RF inner-18
// expect: outsb, closed: #GP(0) fault ring 3 RF inner-18
// expect: outsb of none, closed: #GP(0) fault ring 3 RF inner-18
// expect: insb to nowhere, closed: #GP(0) fault ring 3 RF inner-18
// expect: IOPL 3, closed: nothing
// expect: IOPL 2, closed: #GP(0) fault ring 3 RF inner-18
// expect: supervisor: nothing
// expect: no map: #GP(0) fault ring 3 RF inner-18
#define MODE 32
#include "guest.h"
    .macro USER name, flags, instruction:vararg
    CASE "\name"
    AIM
    TO_USER 773f, \flags
773:
    \instruction
    END
    .endm
main:
    movl $mapped_task, %eax
    shll $16, %eax
    movw $(map_end - mapped_task - 1), %ax
    movl %eax, gdt + FREE
    movl $0x8900, gdt + FREE + 4
    movw $FREE, %ax
    ltr %ax
    USER "open", 2, inb $0x80, %al
    USER "closed", 2, inb $0x82, %al
    USER "word, both open", 2, inw $0x80, %ax
    USER "word, second closed", 2, inw $0x81, %ax
    movw $0x85, %dx
    USER "dword across bytes of the map", 2, inl $0x86, %eax
    USER "dword, open", 2, inl $0x84, %eax
    USER "last port of the map", 2, inb $0x97, %al
    USER "beyond the map", 2, inb $0xa8, %al
    USER "in the map's last byte", 2, inb $0x98, %al
    movw $0x82, %dx
    USER "outsb, closed", 2, outsb
    xorl %ecx, %ecx
    movw $0x82, %dx
    USER "outsb of none, closed", 2, rep outsb
    movw $0x82, %dx
    USER "insb to nowhere, closed", 2, insb
    USER "IOPL 3, closed", 0x3002, inb $0x82, %al
    USER "IOPL 2, closed", 0x2002, inb $0x82, %al
    CASE "supervisor"
    AT
    inb $0x82, %al
    END
    movw $(map_end - mapped_task), mapped_task + 102
    USER "no map", 2, inb $0x80, %al
    FINISH
    .data
    .balign 16
mapped_task:
    .long 0, INNER_STACK, DATA
    .fill 22, 4, 0
    .word 0, map - mapped_task
map:
    .fill 16, 1, 0xff
    .byte 0x04, 0x01, 0x00 // ports 80h to 97h: 82h and 88h are closed
    .byte 0xff
map_end:
    .text
