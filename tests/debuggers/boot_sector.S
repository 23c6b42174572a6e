// A boot sector for the debuggers' tests: real mode, with a code segment that doesn't begin at 0.
    .code16
    .globl _start
_start:
    ljmp $0x7c0, $(1f - _start)
1:  movw %cs, %ax
    movw %ax, %ds
    movw $0x1234, %bx
    movw $0x5678, cell - _start
    addw %bx, cell - _start
    movb $0, %al
    outb %al, $0xf4 // ends the run
2:  jmp 2b
cell:
    .word 0
    .org 510
    .word 0xaa55
