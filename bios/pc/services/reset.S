// From reset to POST. The processor begins in real mode at FFFFFFF0h, with the image at the top of 4 GiB and a copy of
// its last 128 KiB below 1 MiB; there is neither RAM nor a stack that one could trust before shadow RAM is open.
#include "bios/pc/shared/layout.h"

    .section .reset, "ax"
    .code16
    .globl reset_vector
reset_vector:
    ljmp $SERVICES_SEGMENT, $reset_entry
    .org reset_vector + 5
    .ascii "07/01/26"
    .byte 0
    .byte 0xfc // an AT
    .byte 0

    .text
    .code16
reset_entry:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    // In ROM `started` is 0. Where it isn't, a program jumped here with the devices as they happen to be: that becomes a
    // true reset, by the chipset and else by the keyboard controller.
    cmpb $0, started
    je 1f
    movb $0, started
    movw $0xcf9, %dx
    movb $0x02, %al
    outb %al, %dx
    movb $0x06, %al
    outb %al, %dx
    movb $0xfe, %al
    outb %al, $0x64
    movl $0x80000, %ecx // half a second of bus accesses: a reset may take its time
2:
    inb $0x61, %al
    decl %ecx
    jnz 2b
1:
    inb $0x92, %al // A20 on
    orb $2, %al
    andb $0xfe, %al
    outb %al, $0x92
    data32 lgdt gdt_pointer
    movl %cr0, %eax
    andl $0x1fffffff, %eax // caches on
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $CODE32, $(SERVICES_BASE + reset_flat)

    .code32
reset_flat:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    // The last 128 KiB change under our feet: on in their original below 4 GiB.
    movl $(0xffff0000 + 1f), %eax
    jmp *%eax
1:
    // PAM: everything from C0000h on is RAM. 440FX 59h to 5Fh, Q35 90h to 96h.
    movl $0x80000000, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfc, %dx
    inl %dx, %eax
    movl $0x59, %ebx
    shrl $16, %eax
    cmpw $0x29c0, %ax
    jne 1f
    movl $0x90, %ebx
1:
    movl $7, %ecx
    movb $0x30, %ah // the first register has only F0000h
2:
    movl %ebx, %edx
    andl $0xfc, %edx
    orl $0x80000000, %edx
    xchgl %eax, %edx
    movl %edx, %esi
    movw $0xcf8, %dx
    outl %eax, %dx
    movl %ebx, %edx
    andl $3, %edx
    addl $0xcfc, %edx
    movl %esi, %eax
    movb %ah, %al
    outb %al, %dx
    movb $0x33, %ah
    incl %ebx
    loop 2b

    movl $(0 - 4 * ROM_PART_BYTES), %esi // the VGA BIOS
    movl $VGA_BASE, %edi
    movl $(ROM_PART_BYTES / 4), %ecx
    rep movsl
    movl $(0 - 2 * ROM_PART_BYTES), %esi
    movl $POST_BASE, %edi
    movl $(2 * ROM_PART_BYTES / 4), %ecx
    rep movsl
    movb $1, SERVICES_BASE + started
    movl $POST_STACK_TOP, %esp
    movl $POST_ENTRY_RESET, %eax
    jmp *%eax

    .data
started: .byte 0
