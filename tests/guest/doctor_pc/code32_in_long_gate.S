// 64-bit mode, and the gate of #UD leads through a code segment of 32 bits; #DF has an address that isn't canonical.
// diagnosis: triple fault: #UD invalid opcode at pc .*ud2.*; it couldn't be delivered: its gate's code segment, GDT entry 1 \(selector 0x8\), is code of 32 bits, readable, and long mode takes 64-bit code only, nor could the #GP that followed: its gate, IDT entry 13, is empty, nor could the #DF that followed: the handler's address 0x8000[0-9a-f]{8} isn't canonical
#include "doctor.h"
main:
    LONG_MODE
    LOAD_IDT(idt, 512)
    movl $handler, %eax
    movw %ax, idt + 16 * 6
    movw $CODE, idt + 16 * 6 + 2
    movw $0x8e00, idt + 16 * 6 + 4
    movw %ax, idt + 16 * 8; movw $0x10, idt + 16 * 8 + 6
    movw $CODE64, idt + 16 * 8 + 2
    movw $0x8e00, idt + 16 * 8 + 4
    movl $0x8000, idt + 16 * 8 + 8
    ud2
handler:
    iretq
