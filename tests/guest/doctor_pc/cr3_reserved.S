// Bit 45 of CR3 doesn't exist: #GP, for which there is no handler.
// diagnosis: triple fault: #GP general protection .* at pc .* \(main\+.*\): mov \(0f 22 d8\): CR3 can't become 0x200000200000: physical addresses have 40 bits, and bits 45 are set; it couldn't be delivered: no IDT was ever loaded
#include "doctor.h"
main:
    LONG_MODE
    movq $0x200000200000, %rax
    movq %rax, %cr3
