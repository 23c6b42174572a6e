// A 32-bit kernel for the debuggers' tests on PCs: started by multiboot, it adds up and ends the run by port F4h.
    .section .text.start, "ax"
    .code32
    .balign 4
    .long 0x1badb002, 0, -0x1badb002
    .globl _start, kernel, add_up, sum
    .type _start, @function
_start:
    movl $0x180000, %esp
    call kernel
    outb %al, $0xf4
1:  jmp 1b
    .size _start, . - _start

    .type kernel, @function
kernel:
    pushl %ebp
    movl %esp, %ebp
    pushl $5
    call add_up
    pushl $7
    call add_up
    xorl %eax, %eax
    leave
    ret
    .size kernel, . - kernel

    .type add_up, @function
add_up:
    pushl %ebp
    movl %esp, %ebp
    movl 8(%ebp), %eax
    addl %eax, sum
    incl %eax
    popl %ebp
    ret
    .size add_up, . - add_up

    .data
    .balign 4
sum:
    .long 0
    .type sum, @object
    .size sum, 4
