// The boot sector, and calls of interrupts. All segments are 0; the stack is below FF00h.
    .section .boot, "ax"
    .code16
    .globl start, boot_drive
start:
    ljmp $0, $1f
1:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0xfff0, %esp
    movb %dl, boot_drive
    sti
    cld
    cmpb $0xe0, %dl
    jae 3f // a CD's boot catalog has the whole program loaded
    movb $8, %ah
    int $0x13
    jc 4f
    andb $63, %cl
    movb %cl, track_sectors
    xorw %ax, %ax
    movw %ax, %es // a floppy's parameters were there
    // One sector at a time, by cylinder 0's heads.
    movw $1, %si
    movw $0x7e00, %bx
2:
    cmpw $program_sectors, %si
    jae 3f
    movw %si, %ax
    divb track_sectors
    movb %al, %dh
    movb %ah, %cl
    incb %cl
    movb $0, %ch
    movb boot_drive, %dl
    movw $0x0201, %ax
    int $0x13
    jc 4f
    addw $512, %bx
    incw %si
    jmp 2b
3:
    calll run_all
4:
    movb $0x7f, %al // the program could not be loaded
    outb %al, $0xf4
    cli
    hlt
boot_drive: .byte 0
track_sectors: .byte 0
    .org start + 0x1be // one partition, active: all of the first cylinder but its first track
    .byte 0x80, 1, 1, 0, 0x83, 0xfe, 0x3f, 0
    .long 63, 16002
    .org start + 510
    .word 0xaa55

    .text
// void interrupt(u8 vector, struct registers*): with regparm, in al and edx.
    .globl interrupt
interrupt:
    pushal
    pushw %ds
    pushw %es
    movb %al, 2f + 1
    movl %edx, saved
    movl %edx, %ebp
    movl 0(%ebp), %eax
    movl 4(%ebp), %ebx
    movl 8(%ebp), %ecx
    movl 16(%ebp), %esi
    movl 20(%ebp), %edi
    movw 30(%ebp), %es
    pushw 28(%ebp)
    pushl 12(%ebp)
    movl 24(%ebp), %ebp
    popl %edx
    popw %ds
    clc
    jmp 2f // what was written is fetched anew
2:
    int $0
    pushw %ds
    pushw %bp
    movw %sp, %bp
    pushfl
    movl %cs:saved, %ebp
    movl %eax, %cs:0(%ebp)
    movl %ebx, %cs:4(%ebp)
    movl %ecx, %cs:8(%ebp)
    movl %edx, %cs:12(%ebp)
    movl %esi, %cs:16(%ebp)
    movl %edi, %cs:20(%ebp)
    movw %es, %cs:30(%ebp)
    popl %cs:32(%ebp)
    popw %ax
    movw %ax, %cs:24(%ebp)
    popw %cs:28(%ebp)
    popw %es
    popw %ds
    popal
    sti
    cld
    retl
    .data
    .balign 4
saved: .long 0
