// Resets itself on purpose, again and again.
// diagnosis: the guest keeps resetting the machine without getting anywhere, at last from pc 0x[0-9a-f]+ \(main\+.*\); no exception came before
#include "doctor.h"
main:
    movb $0xfe, %al
    outb %al, $0x64
1:  jmp 1b
