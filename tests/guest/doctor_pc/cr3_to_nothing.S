// CR3 leads where no memory is.
// diagnosis: triple fault: #PF page fault at 0x10[0-9a-f]+, .*: CR3 \(0x70000000\) is wrong: the instruction after the write of CR0 can't be fetched: the page directory's entry would be at 0x70000000, where no memory is
#include "doctor.h"
main:
    LOAD_IDT(idt, 256)
    movl $0x70000000, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    nop
