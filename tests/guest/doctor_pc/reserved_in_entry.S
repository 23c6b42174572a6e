// An entry of the page directory has a bit set that must be 0.
// diagnosis: triple fault: #PF page fault at 0x400000, read by the supervisor through an entry with a reserved bit set at pc .*: reserved bits of the page directory's entry aren't 0: 45 and 14; it couldn't be delivered: its gate, IDT entry 14, is empty
#include "doctor.h"
main:
    movl $0x404083, TABLES + 0x2010
    movl $0x2000, TABLES + 0x2014
    LONG_MODE
    LOAD_IDT(idt, 512)
    movl 0x400000, %eax
