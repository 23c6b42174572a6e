// In 64-bit mode CR3 gets a table that is empty.
// diagnosis: triple fault: #PF page fault at 0x10[0-9a-f]+, .*: CR3 \(0x210000\) is wrong: the instruction after the write of CR3 can't be fetched: P is 0 in the PML4's entry; it couldn't be delivered: IDT entry 14 at 0x[0-9a-f]+ can't be read: P is 0 in the PML4's entry
#include "doctor.h"
main:
    LONG_MODE
    LOAD_IDT(idt, 512)
    movl $0x210000, %eax
    movq %rax, %cr3
    nop
