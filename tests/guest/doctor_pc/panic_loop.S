// What a panic ends with.
// exit: 205
// diagnosis: jumps to itself at pc 0x[0-9a-f]+ \(main\+0x1\) with interrupts off \(IF is 0\)
#include "doctor.h"
main:
    cli
1:  jmp 1b
