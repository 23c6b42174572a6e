// A push with SP at 1 doesn't fit into the stack's 64 KiB, and neither does the frame of #SS or that of #DF: the
// processor shuts down (SDM 2, PUSH), and the board resets it. So does the second attempt.
// ends: reset
// expect: before: nothing
#define MODE 16
#include "guest.h"
main:
    CASE "before"
    AT
    nop
    END
    CASE "push with sp 1"
    movw $1, %sp
    AT
    pushw %ax
    END
    FINISH
