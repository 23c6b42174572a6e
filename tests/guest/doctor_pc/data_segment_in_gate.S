// A 32-bit gate leads through the data segment, in the double fault's gate too.
// diagnosis: triple fault: #DE divide error at pc .*; it couldn't be delivered: its gate's code segment, GDT entry 2 \(selector 0x10\), isn't code but data, writable, big, nor could the #DF that followed: its gate's code segment, GDT entry 9 \(selector 0x48\), lies beyond the table, whose limit is 0x1f
// line: GDT entry 2 \(selector 0x10\) at 0x[0-9a-f]+: 0x00cf9[23]000000ffff: data, writable, big, DPL 0, base 0x0, limit 0xffffffff
#include "doctor.h"
main:
    LOAD_IDT(idt, 32)
    GATE(idt, 0, DATA, handler, PRESENT)
    GATE(idt, 8, 0x48, handler, PRESENT)
    xorl %ecx, %ecx
    divl %ecx
handler:
    iret
