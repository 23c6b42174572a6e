// The idle loop forgot sti.
// exit: 205
// diagnosis: hlt before pc 0x[0-9a-f]+ \(main\+.*\) with interrupts off \(IF is 0\)|jumps to itself at pc .* \(main\+.*\) with interrupts off
#include "doctor.h"
main:
    hlt
    jmp main
