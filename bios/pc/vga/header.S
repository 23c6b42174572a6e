// The VGA BIOS's header, its initialization (offset 3), and int 10h.
#include "bios/pc/shared/layout.h"

    .section .header, "ax"
    .code16
    .globl vga_header
vga_header:
    .byte 0x55, 0xaa
    .byte vga_blocks
    jmp initialize_far // a three-byte jump or less
    .org vga_header + 0x1e
    .asciz "IBM VGA compatible; Orrery VGA BIOS"

    .text
initialize_far:
    pushfw
    pushw %cs
    callw entry_initialize
    iretw

#define OWN_SEGMENT VGA_SEGMENT
#include "bios/pc/shared/service.inc"
    SERVICE entry_initialize, initialize
    SERVICE entry_video, video

    .globl entry_video
