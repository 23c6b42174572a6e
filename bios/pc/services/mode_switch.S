// Between real mode and 32-bit flat protected mode. Interrupts are off all along.
#include "bios/pc/shared/layout.h"

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff // CODE32
    .quad 0x00cf93000000ffff // DATA32
    .quad 0x00009b0f0000ffff // CODE16: the services' segment
    .quad 0x008f93000000ffff // DATA16: 4 GiB, so that a caller's "unreal" segments stay as large as they were
gdt_end:
    .globl gdt_pointer
gdt_pointer:
    .word gdt_end - gdt - 1
    .long SERVICES_BASE + gdt

    .data
    .balign 4
saved_esp32: .long 0
saved_ss: .long 0
saved_esp: .long 0
saved_gdt: .quad 0
saved_idt: .quad 0
// Real mode's interrupt table.
real_idt:
    .word 0x3ff
    .long 0

    .text
// void call_real(void): from 32-bit code. Calls shared.real.cs:ip as an interrupt does, with and back into shared.real;
// of its flags only "interrupts on" counts.
    .code32
    .globl call_real
call_real:
    pushal
    movl %esp, SERVICES_BASE + saved_esp32
    lidt SERVICES_BASE + real_idt
    ljmp $CODE16, $1f
    .code16
1:
    movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andb $0xfe, %al
    movl %eax, %cr0
    ljmp $SERVICES_SEGMENT, $1f
1:
    xorw %ax, %ax
    movw %ax, %ss
    movl $REAL_STACK_TOP, %esp
    movw %ax, %fs
    movw %ax, %gs
    movw %cs, %ax
    movw %ax, %ds
    movl SHARED_REAL + 0, %edi
    movl SHARED_REAL + 4, %esi
    movl SHARED_REAL + 8, %ebp
    movl SHARED_REAL + 16, %ebx
    movl SHARED_REAL + 20, %edx
    movl SHARED_REAL + 24, %ecx
    movw SHARED_REAL + 36, %es
    movl SHARED_REAL + 28, %eax
    pushl SHARED_REAL + 32
    popw %ds
    addw $2, %sp
    sti
    pushfw
    testw $0x200, %cs:SHARED_REAL + 40 // a boot sector begins with interrupts on
    jnz 1f
    cli
1:
    lcallw *%cs:SHARED_REAL + 44
    pushfl
    cli
    cld
    pushl %ds
    pushw %cs
    popw %ds
    popl SHARED_REAL + 32
    popl SHARED_REAL + 40
    movl %edi, SHARED_REAL + 0
    movl %esi, SHARED_REAL + 4
    movl %ebp, SHARED_REAL + 8
    movl %ebx, SHARED_REAL + 16
    movl %edx, SHARED_REAL + 20
    movl %ecx, SHARED_REAL + 24
    movl %eax, SHARED_REAL + 28
    movw %es, SHARED_REAL + 36
    data32 lgdt gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $(SERVICES_BASE + 1f)
    .code32
1:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl SERVICES_BASE + saved_esp32, %esp
    popal
    ret

// bool call_flat(u32 what): from 16-bit code on the services' stack. False: this is virtual-8086 mode, where we cannot.
    .code16
    .globl call_flat
call_flat:
    movl %eax, SHARED_CALL_ARGUMENT
    smsww %ax
    testb $1, %al
    jz 1f
    xorl %eax, %eax
    retl
1:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl %esp, saved_esp
    movw %ss, saved_ss
    data32 sgdt saved_gdt
    data32 sidt saved_idt
    data32 lgdt gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $(SERVICES_BASE + 1f)
    .code32
1:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    addl $SERVICES_BASE, %esp
    movl $POST_ENTRY_CALL, %edx
    movl SERVICES_BASE + SHARED_CALL_ARGUMENT, %eax
    call *%edx
    movl %eax, SERVICES_BASE + SHARED_CALL_RESULT
    ljmp $CODE16, $1f
    .code16
1:
    movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andb $0xfe, %al
    movl %eax, %cr0
    ljmp $SERVICES_SEGMENT, $1f
1:
    movw %cs, %ax
    movw %ax, %ds
    movw saved_ss, %ss
    movl saved_esp, %esp
    data32 lgdt saved_gdt
    data32 lidt saved_idt
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    movl $1, %eax
    retl
