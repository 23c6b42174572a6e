// What the interrupt vectors point at.
#include "bios/pc/shared/layout.h"

#define OWN_SEGMENT SERVICES_SEGMENT
#include "bios/pc/shared/service.inc"

    SERVICE entry_keyboard_irq, keyboard_interrupt
    SERVICE entry_rtc_irq, rtc_interrupt
    SERVICE entry_video_none, video_none
    SERVICE entry_equipment, equipment
    SERVICE entry_memory, memory_size
    SERVICE entry_disk, disk
    SERVICE entry_serial, serial
    SERVICE entry_system, system_services
    SERVICE entry_keyboard_ready, keyboard
    SERVICE entry_printer, printer
    SERVICE entry_boot, boot
    SERVICE entry_boot_failed, boot_failed
    SERVICE entry_clock, clock
    SERVICE entry_detect_ide, detect_ide

// u32 keyboard_intercept(u32 scan code): int 15h 4Fh. The scan code, and bit 8: keep it.
    .globl keyboard_intercept
keyboard_intercept:
    pushl stack_next
    movl %esp, stack_next
    pushl %ebx
    movb $0x4f, %ah
    stc
    int $0x15
    cli
    cld
    setc %ah
    movzwl %ax, %eax
    popl %ebx
    popl stack_next
    retl

// The timer's interrupt runs on the stack it finds: user programs hang on it by int 1Ch.
    .globl entry_timer
entry_timer:
    pushw %ds
    pushl %eax
    pushw %dx
    movw $0x40, %ax
    movw %ax, %ds
    incl 0x6c
    cmpl $0x1800b0, 0x6c // a day
    jb 1f
    movl $0, 0x6c
    incb 0x70
1:
    cmpb $0, 0x40 // the floppy motors' time
    je 1f
    decb 0x40
    jnz 1f
    andb $0xf0, 0x3f
    movw $0x3f2, %dx
    movb $0x0c, %al
    outb %al, %dx
1:
    int $0x1c
    cli
    movb $0x20, %al
    outb %al, $0x20
    popw %dx
    popl %eax
    popw %ds
    iretw

    .globl entry_floppy_irq
entry_floppy_irq:
    pushw %ds
    pushw %ax
    movw $0x40, %ax
    movw %ax, %ds
    orb $0x80, 0x3e
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    popw %ds
    iretw

    .globl entry_default_irq_high
entry_default_irq_high:
    pushw %ax
    movb $0x20, %al
    outb %al, $0xa0
    jmp 1f
    .globl entry_default_irq_low
entry_default_irq_low:
    pushw %ax
1:
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    .globl entry_default
entry_default:
    iretw

// For POST: rests until there was an interrupt.
    .globl entry_idle
entry_idle:
    sti
    hlt
    iretw

// Int 16h. Who waits for a key does so on his own stack, with interrupts on.
    .globl entry_keyboard
entry_keyboard:
    testb $0xef, %ah // 00h and 10h
    jnz entry_keyboard_ready
    pushw %ax
1:
    movb $0x11, %ah
    pushfw
    pushw %cs
    callw entry_keyboard_ready
    jnz 1f
    sti
    hlt
    cli
    jmp 1b
1:
    popw %ax
    jmp entry_keyboard_ready

// Int 10h with a serial console: first the serial line, then the VGA's own, if there is one.
    .globl entry_video_serial
entry_video_serial:
    pushfw
    pushw %cs
    callw entry_video_mirror
    testb $1, %cs:SHARED_VIDEO_FLAGS
    jz entry_video_none
    ljmp *%cs:SHARED_VGA_VECTOR
    SERVICE entry_video_mirror, video_mirror
