// A page fault on the way to the double fault's handler shuts the processor down, and the board resets it
// (SDM 3A 6.15, #DF).
// ends: reset
// expect: before: #UD fault ring 0 RF main-28
#define MODE 64
#include "guest.h"
main:
    movl $NOWHERE, task + 36 + 8 // IST2
    CASE "before"
    AT
    ud2
    END
    andb $0x7f, idt + 16 * 13 + 5
    movb $2, idt + 16 * 8 + 4
    CASE "triple fault"
    movw $USER_DATA, %ax
    AT
    movw %ax, %ss
    END
    FINISH
