// The reset entry of every hart, and the trap entry.
//
// All harts come here at once with a0 = hart id, a1 = device tree, a2 = struct fw_dynamic_info. One boots; the others
// must not touch memory the boot hart is still clearing, so they sleep on boot_done, which lies in .data.
#include "hart_layout.h"

#define DYNAMIC_MAGIC 0x4942534f // "OSBI"
#define DYNAMIC_VERSION 8
#define DYNAMIC_BOOT_HART 40
#define MIE_MSIE 8

    .section .text.start, "ax"
    .globl _start
_start:
    csrw mie, zero
    la t0, park
    csrw mtvec, t0
    li t0, HART_COUNT_MAX
    bgeu a0, t0, park

    // FW_DYNAMIC version 2 names the boot hart; otherwise the first one to swap the lottery is it.
    beqz a2, .Llottery
    li t0, DYNAMIC_MAGIC
    ld t1, 0(a2)
    bne t0, t1, .Llottery
    ld t1, DYNAMIC_VERSION(a2)
    li t0, 2
    bltu t1, t0, .Llottery
    ld t1, DYNAMIC_BOOT_HART(a2)
    li t0, HART_COUNT_MAX
    bgeu t1, t0, .Llottery
    beq a0, t1, .Lboot
    j .Lsecondary
.Llottery:
    la t0, boot_lottery
    li t1, 1
    amoswap.w.aq t1, t1, (t0)
    bnez t1, .Lsecondary

.Lboot:
    la t0, bss_begin
    la t1, bss_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    jal t6, hart_claim
    call boot_hart_main
    j park

.Lsecondary:
    li t0, MIE_MSIE
    csrw mie, t0
    la t0, boot_done
1:  lw t1, 0(t0)
    bnez t1, 2f
    wfi
    j 1b
2:  fence r, rw
    jal t6, hart_claim
    call secondary_hart_main
park:
    csrw mie, zero
1:  wfi
    j 1b

// Gives hart a0 its record, stack and trap vector. Called with jal t6; keeps a0 to a2.
hart_claim:
    la tp, harts
    slli t0, a0, HART_SIZE_SHIFT
    add tp, tp, t0
    la sp, stacks
    addi t0, a0, 1
    slli t0, t0, HART_STACK_SHIFT
    add sp, sp, t0
    sd sp, HART_STACK_TOP(tp)
    sd a0, HART_ID(tp)
    csrw mscratch, tp
    la t0, trap_entry
    csrw mtvec, t0
    jr t6

// A trap from S or U starts at the top of the hart's stack; one from M, which can only be a probe or a fault of our own,
// goes on below the interrupted stack pointer.
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw tp, mscratch, tp
    sd sp, HART_SAVED_SP(tp)
    sd t0, HART_SAVED_T0(tp)
    csrr t0, mstatus
    srli t0, t0, 11
    andi t0, t0, 3
    addi t0, t0, -3
    beqz t0, 1f
    ld sp, HART_STACK_TOP(tp)
1:  addi sp, sp, -FRAME_SIZE
    .irp n, 1,3,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\n, \n * 8(sp)
    .endr
    ld t0, HART_SAVED_SP(tp)
    sd t0, 2 * 8(sp)
    csrrw t0, mscratch, tp
    sd t0, 4 * 8(sp)
    ld t0, HART_SAVED_T0(tp)
    sd t0, 5 * 8(sp)
    csrr t0, mepc
    sd t0, FRAME_EPC(sp)
    csrr t0, mstatus
    sd t0, FRAME_STATUS(sp)
    mv a0, sp
    call trap_handle

    ld t0, FRAME_EPC(sp)
    csrw mepc, t0
    ld t0, FRAME_STATUS(sp)
    csrw mstatus, t0
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\n, \n * 8(sp)
    .endr
    ld sp, 2 * 8(sp)
    mret

// u64 load_as_guest(u64 address, u64 status_bits): one load under mstatus.MPRV. If it traps (the caller has called
// trap_expect), the next instruction restores mstatus all the same. The load is four bytes long, as recovery needs.
    .option push
    .option norvc
    .globl load_as_guest
load_as_guest:
    csrr t0, mstatus
    li t1, 3 << 11
    not t1, t1
    and t1, t0, t1
    or t1, t1, a1
    csrw mstatus, t1
    ld a0, 0(a0)
    csrw mstatus, t0
    ret
    .option pop

    .section .data
    .balign 8
boot_lottery:
    .word 0
    .globl boot_done
boot_done:
    .word 0

    .section .stacks, "aw", @nobits
    .balign 16
stacks:
    .skip HART_COUNT_MAX << HART_STACK_SHIFT
