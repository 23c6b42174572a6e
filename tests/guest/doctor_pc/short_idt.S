// The IDT ends before the gate of the general protection exception, as it does for the double fault... which has one.
// diagnosis: triple fault: #PF page fault at 0x40000000, write by the supervisor .* at pc 0x[0-9a-f]+ \(main\+.*\): P is 0 in the page directory's entry; it couldn't be delivered: there is no gate for it: the IDT \(base .*\) has limit 0x3f, entry 14 ends at 0x77, nor could the #DF that followed: there is no gate for it: .* entry 8 ends at 0x47
// line: which is #GP general protection \(error code 0x73: IDT entry 14, while an event was delivered\)
// line: page directory: entry 0x0 at 0x200400: not present
#include "doctor.h"
main:
    PAGING
    LOAD_IDT(idt, 8)
    movl %eax, 0x40000000
