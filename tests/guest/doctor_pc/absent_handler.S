// The handler of page faults lies on a page that isn't mapped: each fault of its first instruction pushes a frame more,
// until the stack leaves memory.
// exit: 205
// diagnosis: #PF page fault at 0x40000000.*P is 0 in the page directory's entry; its handler at once raises an exception too: the handler at 0xc0000000 can't be fetched: P is 0 in the page directory's entry
// line: page directory: entry 0x0 at 0x200c00: not present|page directory: entry 0x0 at 0x200400: not present
#include "doctor.h"
main:
    PAGING
    LOAD_IDT(idt, 256)
    GATE(idt, 14, CODE, 0xc0000000, PRESENT)
    movl %eax, 0x40000000
