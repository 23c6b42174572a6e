// What the services know of POST: two entries at its beginning (layout.h). And where the other processors begin.
#include "bios/pc/shared/layout.h"

    .section .head, "ax"
    .code32
    .globl post_entry
post_entry:
    jmp post
    .balign 8
    jmp post_called

    .text
    .globl ap_start, ap_start_end, ap_count, ap_lock
// Copied to AP_START_PAGE, where a start-up IPI begins in real mode. Each processor sets its MTRRs as the first one did,
// takes a stack of its own under a lock, is counted, and sleeps.
    .code16
ap_start:
    cli
    movw %cs, %ax
    movw %ax, %ds
    data32 lgdt ap_gdt_pointer - ap_start
    movl %cr0, %eax
    andl $0x1fffffff, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $CODE32, $ap_flat
ap_gdt_pointer:
    .word 0
    .long 0
    .globl ap_gdt_pointer
ap_start_end:
    .code32
ap_flat:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
1:
    lock btsl $0, ap_lock
    jnc 2f
    pause
    jmp 1b
2:
    movl $ap_stack_end, %esp
    call ap_main
    lock incl ap_count
    movl $0, ap_lock
3:
    cli
    hlt
    jmp 3b

    .bss
    .balign 16
    .space 512
ap_stack_end:
ap_lock: .long 0
ap_count: .long 0
