// Goes to ring 3 without a TSS: the first exception there has no stack to go to.
// diagnosis: triple fault: #UD invalid opcode at pc .*ud2.*; it couldn't be delivered: SS0 of the TSS is null, nor could the #TS that followed|it couldn't be delivered: ESP0 is beyond the TSS
#include "doctor.h"
    .equ USER_CODE, 32 | 3
    .equ USER_DATA, 40 | 3
main:
    lgdt user_gdtr
    LOAD_IDT(idt, 256)
    GATE(idt, 6, CODE, handler, PRESENT)
    pushl $USER_DATA
    pushl $STACK
    pushl $2
    pushl $USER_CODE
    pushl $user
    iret
user:
    ud2
handler:
    iret
    .data
    .balign 8
user_gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0, 0x00cffa000000ffff, 0x00cff2000000ffff
user_gdtr:
    .word 47
    .long user_gdt
