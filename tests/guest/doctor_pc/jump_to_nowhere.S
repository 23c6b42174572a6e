// Calls a function whose address was never filled in, with an IDT of 32 empty gates.
// diagnosis: triple fault: #(GP general protection \(error code 0\)|UD invalid opcode) at pc 0xe0000000: jump to nowhere: no memory is there; it couldn't be delivered: its gate, IDT entry (13|6), is empty
// transfer: \(main\+.*\) -> 0xe0000000
#include "doctor.h"
main:
    LOAD_IDT(idt, 32)
    movl $0xe0000000, %eax
    call *%eax
