// A guest that resets itself again and again without getting anywhere ends the run. Memory is fresh each time.
// ends: reset loop
// expect: a0 = 0x0
// output: "rrrrrr"
#include "guest.h"
main:
    la t0, word
    ld a1, 0(t0)
    bnez a1, untrapped
    sd t0, 0(t0)
    li t0, UART
    li t1, 'r'
    sb t1, 0(t0)
    STORE_WORD(FINISHER, 0x7777)
    li a0, 1
1:  j 1b
    .data
    .balign 8
word:
    .dword 0
