// The page fault's gate isn't present, and the others aren't either.
// diagnosis: triple fault: #PF page fault at 0x40000000, .*; it couldn't be delivered: its gate, IDT entry 14, isn't present \(P is 0\), nor could the #DF that followed: its gate, IDT entry 8, is empty
// line: IDT entry 14 at 0x[0-9a-f]+: 0x[0-9a-f]+: 32-bit interrupt gate to 0x8:0x[0-9a-f]+, DPL 0, not present
// line: which is #NP segment not present \(error code 0x73: IDT entry 14
#include "doctor.h"
main:
    PAGING
    LOAD_IDT(idt, 256)
    GATE(idt, 14, CODE, handler, ABSENT)
    movl %eax, 0x40000000
handler:
    iret
