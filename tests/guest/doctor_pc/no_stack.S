// In 64-bit mode the stack pointer leads to a page that isn't there: no frame can be pushed, not that of #DF either.
// diagnosis: triple fault: #PF page fault at 0x7ffffff8, write by the supervisor of a page that isn't present at pc .* \(main\+.*\): the stack pointer \(0x80000000\) leads out of memory: P is 0 in the page-directory-pointer table's entry; it couldn't be delivered: the stack at 0x80000000 can't be written: P is 0 in the page-directory-pointer table's entry, nor could the #DF that followed
// line: #DF double fault
// line: CR3: 0x200000: 4-level paging, table at 0x200000
// line: PML4: entry 0x201[0-9a-f]+ at 0x200000: P R/W.*: table at 0x201000
#include "doctor.h"
main:
    LONG_MODE
    LOAD_IDT(idt, 512)
    movl $handler, %eax
    movw %ax, idt + 16 * 14
    movw $CODE64, idt + 16 * 14 + 2
    movw $0x8e00, idt + 16 * 14 + 4
    shrl $16, %eax
    movw %ax, idt + 16 * 14 + 6
    movq idt + 16 * 14, %rax
    movq %rax, idt + 16 * 8
    movl $0x80000000, %esp
    pushq %rax
handler:
    iretq
